"""info.json, read once: the contract that configuration and parameters are checked against."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List

Field = Dict[str, Any]


@lru_cache(maxsize=1)
def manifest() -> Dict[str, Any]:
    """Return info.json as it stands beside connector.py."""
    read: Dict[str, Any] = json.loads((Path(__file__).parent.parent / "info.json").read_text("ascii"))
    return read


def configuration_fields() -> List[Field]:
    """Return the top-level fields of the configuration form."""
    fields: List[Field] = manifest()["configuration"]["fields"]
    return fields


def parameters(operation: str) -> List[Field]:
    """Return the top-level parameters of an operation. Raises KeyError for one that is not declared."""
    declared: Dict[str, List[Field]] = {entry["operation"]: entry["parameters"] for entry in manifest()["operations"]}
    return declared[operation]


def feeds_choices(operation: str) -> bool:
    """Tell whether an operation fills the choices of a field in some form."""
    return any(
        field.get("apiOperation") == operation
        for entry in manifest()["operations"]
        for field in all_fields(entry["parameters"])
    )


def all_fields(fields: List[Field]) -> Iterator[Field]:
    """Yield fields and, at any depth, the fields that appear when one of them changes."""
    for field in fields:
        yield field
        for children in field.get("onchange", {}).values():
            yield from all_fields(children)


def secret_names() -> List[str]:
    """Return the names of the configuration's password fields."""
    return [field["name"] for field in all_fields(configuration_fields()) if field["type"] == "password"]
