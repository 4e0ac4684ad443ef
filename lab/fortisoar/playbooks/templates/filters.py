"""The filters that playbooks' Jinja has beside its own: the platform's, and the common ones of Ansible's set.

A filter that is not here is an error that names it. What the platform's filters give for unusual input is assumed.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID, uuid5

import jmespath  # type: ignore[import-untyped]  # its stubs are a package of their own
import yaml
from jinja2 import Undefined

from ....kit.clock import Clock
from ..asking import Ask
from .ansible_filters import filters_of_ansible
from .bounds import check_size, check_value, ticking
from .patterns import Patterns
from .xml_reading import xml_as_dict

# Ansible's namespace for `to_uuid`.
UUID_NAMESPACE = UUID("361e6d51-faec-444a-9079-341386da8e2e")

Filter = Callable[..., Any]


class JsonText(str):
    """JSON that ``toJSON`` wrote. Alone in a template it stays text; joined to other text it is text like any other."""

    __slots__ = ()


class FilterFailed(Exception):
    """A filter's input is not what it takes, or what it names is not there."""


def filters(ask: Ask, clock: Clock, patterns: Patterns) -> dict[str, Filter]:
    """Return the filters by name."""
    common = _encodings() | _collections() | _patterns(patterns) | {"strftime": _strftime(clock)}
    return _platform(ask) | common | filters_of_ansible()


def _platform(ask: Ask) -> dict[str, Filter]:
    return {
        "toJSON": _to_json,
        "toDict": _to_dict,
        "json_query": lambda data, expression: jmespath.search(expression, data),
        "resolveRange": _resolve_range,
        "picklist": lambda name, value=None, key=None: _picklist(ask, name, value, key),
        "fromIRI": lambda iri: _read_record(ask, iri),
        "loadRelationships": lambda iri, module, fields=(): _relations(ask, iri, module, fields),
        "json2html": html_table,
        "html2text": _plain,
        "htmltotext": _plain,
        "counter": lambda data: dict(Counter(data)),
        "count_occurrence": lambda data: dict(Counter(data)),
        "urldecode": unquote,
        "xml_to_dict": xml_as_dict,
    }


def _to_json(data: Any) -> JsonText:
    return JsonText(json.dumps(as_plain(data)))


def _to_dict(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError as error:
        raise FilterFailed(f"toDict: {error}") from error


def _resolve_range(value: Any, ranges: Any) -> Any:
    """Return what a mapping holds for a value.

    A key is the value itself, or a span ``low-high`` of numbers; letters count alike in both cases. An unknown value
    gives nothing, by which the FortiGuard feed's playbook tells it; fsr-playbooks says that it comes back unchanged.
    Spans are assumed: no source.
    """
    if not isinstance(ranges, dict):
        raise FilterFailed("resolveRange takes a mapping")
    wanted = str(value).strip().lower()
    for key, found in ranges.items():
        if str(key).strip().lower() == wanted:
            return found
    for key, found in ranges.items():
        if _in_span(wanted, str(key)):
            return found
    return ""


def _in_span(value: str, span: str) -> bool:
    ends = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*-\s*(-?\d+(?:\.\d+)?)\s*", span)
    try:
        return bool(ends) and float(ends[1]) <= float(value) <= float(ends[2])  # type: ignore[index]
    except ValueError:
        return False


def _picklist(ask: Ask, name: Any, value: Any, key: Any) -> Any:
    """Return a picklist's item by its text, or all its items; ``key`` picks one field of the item."""
    status, answer = ask("GET", f"/api/3/picklists?$limit=1000&listName.name={quote(str(name))}", None)
    items = answer.get("hydra:member", []) if status == 200 else []
    if value is None:
        return items
    found = next((item for item in items if item.get("itemValue") == value), None)
    if found is None:
        raise FilterFailed(f"Picklist {name!r} has no item {value!r}")
    return found.get(key) if key else found


def _read_record(ask: Ask, iri: Any) -> Any:
    status, answer = ask("GET", str(iri), None)
    if status != 200:
        raise FilterFailed(f"{iri} cannot be read: {status}")
    return answer


def _relations(ask: Ask, iri: Any, module: str, fields: Iterable[str]) -> Any:
    answer = _read_record(ask, f"{iri}/{module}?$relationships=true")
    rows = answer.get("hydra:member", [])
    chosen = list(fields)
    return [{field: row.get(field) for field in chosen} for row in rows] if chosen else rows


def html_table(data: Any, row_fields: Any = None, *_: Any, **__: Any) -> str:
    """Return objects as a table, a row each.

    Parameters:
        row_fields: the fields to show, as a list or a text with commas; all if it is empty.
    """
    rows = data if isinstance(data, list) else [data]
    if not all(isinstance(row, dict) for row in rows):
        return "".join(f"<p>{html.escape(str(row))}</p>" for row in rows)
    listed = row_fields.split(",") if isinstance(row_fields, str) else row_fields
    chosen = [str(name).strip() for name in listed] if isinstance(listed, list | tuple) else []
    names = [name for name in chosen if name] or list(dict.fromkeys(name for row in rows for name in row))
    lines = [_table_row("th", names), *(_table_row("td", [row.get(name, "") for name in names]) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _table_row(tag: str, cells: Iterable[Any]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(str(cell))}</{tag}>' for cell in cells)}</tr>"


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^<>]+>", " ", text)).strip()


def _encodings() -> dict[str, Filter]:
    return {
        "b64encode": lambda text, encoding="utf-8": base64.b64encode(str(text).encode(encoding)).decode(),
        "b64decode": lambda text, encoding="utf-8": base64.b64decode(text).decode(encoding),
        "hash": _hash,
        "md5": lambda text: _hash(text, "md5"),
        "sha1": lambda text: _hash(text, "sha1"),
        "checksum": lambda text: _hash(text, "sha1"),
        "to_uuid": lambda text: str(uuid5(UUID_NAMESPACE, str(text))),
        "from_json": json.loads,
        "to_json": _to_json,
        "to_nice_json": lambda data, indent=4: JsonText(json.dumps(as_plain(data), indent=indent, sort_keys=True)),
        "from_yaml": lambda text: yaml.safe_load(text) if isinstance(text, str) else text,
        "from_yaml_all": lambda text: list(yaml.safe_load_all(text)) if isinstance(text, str) else text,
        "to_yaml": lambda data, **more: yaml.safe_dump(as_plain(data), allow_unicode=True, **_style(None, more)),
        "to_nice_yaml": lambda data, indent=4, **more: yaml.safe_dump(
            as_plain(data), allow_unicode=True, indent=indent, **_style(False, more)
        ),
        "bool": lambda value: str(value).strip().lower() in ("true", "yes", "on", "1"),
        "type_debug": lambda value: type(value).__name__,
        "quote": lambda text: "'" + str(text).replace("'", "'\"'\"'") + "'",
    }


def _style(flows: bool | None, more: dict[str, Any]) -> dict[str, Any]:
    return {"default_flow_style": flows} | more


def _hash(text: Any, kind: str = "sha1") -> str:
    return hashlib.new(kind, str(text).encode(), usedforsecurity=False).hexdigest()


def _collections() -> dict[str, Filter]:
    return {
        "union": lambda a, b: _distinct([*a, *b]),
        "intersect": lambda a, b: _distinct([item for item in ticking(a) if item in b]),
        "difference": lambda a, b: _distinct([item for item in ticking(a) if item not in b]),
        "symmetric_difference": lambda a, b: _distinct(
            [item for item in ticking(a) if item not in b] + [item for item in ticking(b) if item not in a]
        ),
        "flatten": _flatten,
        "combine": _combine,
        "dict2items": lambda data, key_name="key", value_name="value": [
            {key_name: key, value_name: value} for key, value in data.items()
        ],
        "items2dict": lambda rows, key_name="key", value_name="value": {row[key_name]: row[value_name] for row in rows},
        "ternary": lambda value, yes, no, none=None: (
            none if value is None and none is not None else yes if value else no
        ),
        "split": lambda text, separator=None: str(text).split(separator),
        "zip": lambda first, *others: [list(row) for row in zip(first, *others, strict=False)],
        "mandatory": _mandatory,
    }


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for item in ticking(items):
        if item not in found:
            found.append(item)
    return found


def _flatten(items: Iterable[Any], levels: int | None = None) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        if isinstance(item, (list, tuple)) and levels != 0:
            flat += _flatten(item, None if levels is None else levels - 1)
        elif item is not None:
            flat.append(item)
    return flat


def _combine(*terms: dict[str, Any], recursive: bool = False) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for term in terms:
        for key, value in term.items():
            is_nested = recursive and isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = _combine(result[key], value, recursive=True) if is_nested else value
    return result


def _mandatory(value: Any, message: str | None = None) -> Any:
    if isinstance(value, Undefined):
        raise FilterFailed(message or "Mandatory variable is not defined")
    return value


def _patterns(patterns: Patterns) -> dict[str, Filter]:
    def search(text: Any, pattern: str, *groups: str, ignorecase: bool = False, multiline: bool = False) -> Any:
        # Ansible names groups as \1 and \g<name>.
        named = [re.sub(r"^\\(?:g<)?(\w+)>?$", r"\1", group) for group in groups]
        numbered = [int(name) if name.isdecimal() else name for name in named]
        return patterns.groups(pattern, str(text), _flags(ignorecase, multiline), numbered)

    return {
        "regex_replace": lambda text, pattern, new="", ignorecase=False, multiline=False: patterns.sub(
            pattern, new, str(text), _flags(ignorecase, multiline)
        ),
        "regex_search": search,
        "regex_findall": lambda text, pattern, multiline=False, ignorecase=False: patterns.findall(
            pattern, str(text), _flags(ignorecase, multiline)
        ),
        "regex_escape": re.escape,
    }


def _flags(ignorecase: bool, multiline: bool) -> re.RegexFlag:
    return (re.I if ignorecase else re.NOFLAG) | (re.M if multiline else re.NOFLAG)


def _strftime(clock: Clock) -> Filter:
    def strftime(form: str, second: float | None = None) -> str:
        moment = clock.now() if second is None else datetime.fromtimestamp(float(second), timezone.utc)
        return moment.strftime(form)

    return strftime


_KEYS = (str, int, float, type(None))
_WRITTEN_BITS = 14_000  # Python writes no whole number of more than 4,300 digits


def as_plain(value: Any) -> Any:
    """Return a value that JSON can carry: what is not defined is null, what is no JSON type is its text."""
    check_value(value)
    return _as_plain(value)


def _as_plain(value: Any) -> Any:
    if isinstance(value, Undefined):
        return None
    if isinstance(value, dict):
        return {key if isinstance(key, _KEYS) else str(key): _as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_plain(item) for item in value]
    if isinstance(value, int):
        check_size(value.bit_length(), _WRITTEN_BITS)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
