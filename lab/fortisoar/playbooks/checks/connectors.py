"""Checks of connector steps against the connectors' manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...fields import Field, configuration_fields
from ..definitions import Row, arguments_of, type_of
from ..steps import UTILITIES_CONNECTOR
from ..templates.rendering import is_template
from ..utilities import UTILITIES


def check_connector_step(step: Row, manifests: dict[Any, Row]) -> Iterator[str]:
    """Check one step; steps of connectors whose manifest is not given pass."""
    arguments = arguments_of(step)
    if type_of(step) not in ("Connectors", "CyopsUtilites"):
        return
    name = arguments.get("connector")
    if name == UTILITIES_CONNECTOR and arguments.get("operation") not in UTILITIES:
        yield f"the local FortiSOAR cannot run the operation {arguments.get('operation')} of {UTILITIES_CONNECTOR}"
    if manifest := manifests.get(name):
        yield from _against(arguments, manifest)


def _against(arguments: Row, manifest: Row) -> Iterator[str]:
    if arguments.get("version") != manifest["version"]:
        yield f"version is {arguments.get('version')}, and the connector's is {manifest['version']}"
    if arguments.get("name") != manifest["label"]:
        yield f"name is {arguments.get('name')!r}, and the connector's label is {manifest['label']!r}"
    operation = next((o for o in manifest["operations"] if o["operation"] == arguments.get("operation")), None)
    if operation is None:
        yield f"there is no operation {arguments.get('operation')!r}"
        return
    if arguments.get("operationTitle") != operation["title"]:
        yield f"operationTitle is {arguments.get('operationTitle')!r}, and the title is {operation['title']!r}"
    params = arguments.get("params")
    yield from _params(operation, params if isinstance(params, dict) else {})
    # Without the key, as in published samples, the engine takes the default configuration: assumed, no source.
    config = arguments.get("config", "")
    if configuration_fields(manifest) and config not in ("", "''") and not is_template(str(config)):
        yield f"config is {arguments.get('config')!r}; only the default configuration is on every FortiSOAR"


def _params(operation: Row, params: Row) -> Iterator[str]:
    shown = {field["name"]: field for field in _shown(operation.get("parameters") or [], params)}
    for name, value in params.items():
        if name not in shown:
            yield f"there is no parameter {name!r} of {operation['operation']} with the others as they are"
        elif message := _wrong_value(shown[name], value):
            yield message
    for name, field in shown.items():
        if field.get("required") and params.get(name) in ("", None):
            yield f"the required parameter {name!r} is {'blank' if name in params else 'missing'}"


def _shown(fields: list[Field], params: Row) -> Iterator[Field]:
    """Return the parameters that a form shows: those that hang on a value only while it is chosen or a template."""
    for field in fields:
        yield field
        value = params.get(field["name"], field.get("value"))
        for choice, more in (field.get("onchange") or {}).items():
            if str(value).lower() == choice.lower() or (isinstance(value, str) and is_template(value)):
                yield from _shown(more, params)


def _wrong_value(field: Field, value: Any) -> str | None:
    if value in ("", None) or (isinstance(value, str) and is_template(value)):
        return None
    kind, name = field.get("type"), field["name"]
    if kind in ("select", "multiselect"):
        return _wrong_choice(field, value)
    if kind == "checkbox" and not isinstance(value, bool):
        return f"{name} is {value!r}, which is neither true nor false"
    if kind in ("integer", "numeric") and (isinstance(value, bool) or not str(value).lstrip("-").isdecimal()):
        return f"{name} is {value!r}, which is no integer"
    return None


def _wrong_choice(field: Field, value: Any) -> str | None:
    options = [option.get("value") if isinstance(option, dict) else option for option in field.get("options") or []]
    if not options:
        return None
    listed = ", ".join(map(str, options))
    if field.get("type") == "select":
        return None if value in options else f"{field['name']} is {value!r}, which is none of {listed}"
    others = [each for each in value if each not in options] if isinstance(value, list) else []
    return f"{field['name']} has {others}, which are none of {listed}" if others else None
