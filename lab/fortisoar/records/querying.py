"""The query language: filters, sorting and aggregates, as SQL over the documents.

Operators and their quirks follow the curated description of 7.6: ``in`` and ``like`` ignore case, ``nin`` includes
nulls, a bare picklist or record field is compared by IRI or uuid, ``.`` and ``__`` in a path are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, literal_column, not_, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from .errors import malformed, unexpected_value
from .modules import MODULES, Field, Module
from .tables import Link, Record
from .values import address, epoch, iri, text

Row = dict[str, Any]
Source = type[Record] | AliasedClass[Record]
Condition = ColumnElement[bool]

_PREFIX = {name: len(iri(name, "")) + 1 for name in MODULES}
AGGREGATES: dict[str, Callable[[Any], ColumnElement[Any]]] = {
    "count": func.count,
    "countdistinct": lambda value: func.count(value.distinct()),
    "sum": func.sum,
    "min": func.min,
    "max": func.max,
    "avg": func.avg,
    "groupby": lambda value: value,
    "distinct": lambda value: value,
}


def path_of(field: Any) -> list[str]:
    """Return the parts of a field path."""
    if not isinstance(field, str) or not field:
        raise malformed('"field" must be the name of a field.')
    return field.replace("__", ".").split(".") if not field.startswith("__") else [field]


def condition(module: Module, source: Source, group: Any) -> Condition:
    """Turn ``{"logic", "filters"}`` or one leaf of it into SQL; raise Refusal 400 for what it does not know.

    Parameters:
        module: the module that is asked.
        source: its records' table or an alias of it.
        group: a group or a leaf ``{"field", "operator", "value"}``.
    """
    if not isinstance(group, dict):
        raise malformed("A filter must be an object.")
    if "filters" not in group:
        return _leaf(module, source, group)
    logic = str(group.get("logic", "AND")).upper()
    if logic not in ("AND", "OR"):
        raise malformed('"logic" must be AND or OR.')
    filters = group["filters"] or []
    if not isinstance(filters, list):
        raise malformed('"filters" must be a list.')
    conditions = [condition(module, source, each) for each in filters]
    return and_(true(), *conditions) if logic == "AND" or not conditions else or_(false(), *conditions)


def ordering(module: Module, source: Source, sort: Any, are_few: bool = False) -> list[ColumnElement[Any]]:
    """Turn ``[{"field", "direction"}]`` into SQL, made definite by the integer id at its end.

    Parameters:
        are_few: whether few records are to be sorted. SQLite would rather walk the whole module by integer id than
            use the index of a filter; a sum has no index that could tempt it.
    """
    if not isinstance(sort, list) or not all(isinstance(each, dict) for each in sort):
        raise malformed('"sort" must be a list of objects.')
    order: list[ColumnElement[Any]] = []
    for each in sort:
        value = expression(module, source, path_of(each.get("field")))
        order.append(value.desc() if str(each.get("direction", "ASC")).upper() == "DESC" else value.asc())
    return [*order, (source.number + 0).asc() if are_few else source.number.asc()]


def aggregate(module: Module, source: Source, aggregates: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the labelled columns of ``[{"operator", "field", "alias"}]`` and what they are grouped by."""
    columns, groups = [], []
    for each in aggregates:
        operator = each.get("operator") if isinstance(each, dict) else None
        name = "countdistinct" if operator == "countdistinct" else str(operator).lower()
        if name not in AGGREGATES:
            raise malformed(f"Aggregate operator {operator!r} is not supported.")
        path = path_of(each.get("field"))
        value = source.uuid if path == ["*"] else expression(module, source, path)
        columns.append(AGGREGATES[name](value).label(str(each.get("alias") or path[-1])))
        if name in ("groupby", "distinct"):
            groups.append(value)
    return columns, groups


def search(module: Module, source: Source, term: str) -> Condition:
    """Match records that hold every word of a term in some text field, ignoring case."""
    searched = [name for name, field in module.fields.items() if field.kind == "text"]
    conditions = []
    for word in term.split():
        held = func.json_each(source.document).table_valued("key", "value")
        matches = func.lower(held.c.value).contains(word.lower(), autoescape=True)
        conditions.append(exists(select(literal(1)).select_from(held).where(held.c.key.in_(searched), matches)))
    return and_(true(), *conditions)


def expression(module: Module, source: Source, path: list[str]) -> ColumnElement[Any]:
    """Return the SQL value that a path without relations to many leads to."""
    name, rest = path[0], path[1:]
    if not rest and (column := _column(source, name)) is not None:
        return column
    field = _field(module, name)
    value: ColumnElement[Any] = func.json_extract(source.document, literal_column(f"'$.{name}'"))
    if not rest or rest == ["@id"]:
        return value
    if field.kind not in ("picklist", "one") or field.module not in MODULES:
        raise malformed(f'The path "{".".join(path)}" leads nowhere in {module.name}.')
    other = aliased(Record)
    return (
        select(expression(MODULES[field.module], other, rest))
        .where(other.module == field.module, other.uuid == func.substr(value, _PREFIX[field.module]))
        .scalar_subquery()
    )


def _leaf(module: Module, source: Source, leaf: Row) -> Condition:
    path = path_of(leaf.get("field"))
    if path[0] in module.many:
        return _in_many(module, source, path, leaf)
    if path[1:] == ["uuid"] and module.fields.get(path[0], Field("one")).kind in ("tags", "text"):
        path = path[:1]  # a tag has no other uuid than its text
    operator = leaf.get("operator", "eq")
    field = _last_field(module, path)
    if field.kind == "json" and operator == "contains" and isinstance(leaf.get("value"), (dict, list)):
        return _in_json(module, source, path, leaf["value"])
    if field.kind == "tags":
        return _in_tags(source, path, operator, leaf.get("value"))
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise malformed(f"Operator {operator!r} is not supported.")
    value = expression(module, source, path)
    given = _compared(field, path, operator, leaf.get("value"))
    if field.kind == "text" and path[-1] not in ("uuid", "@id") and operator in ("in", "nin"):
        value, given = func.lower(value), [each.lower() if isinstance(each, str) else each for each in given]
    return OPERATORS[operator](value, given)


def _in_many(module: Module, source: Source, path: list[str], leaf: Row) -> Condition:
    """Match records with some record in a relation that matches the rest of the path."""
    name, rest = path[0], path[1:]
    target = module.fields[name].target
    operator = leaf.get("operator", "eq")
    link, other = aliased(Link), aliased(Record)
    here = and_(link.module == module.name, link.uuid == source.uuid, link.field == name)
    if target not in MODULES:
        return false()
    alive = and_(other.module == target, other.uuid == link.target_uuid, other.deleted.is_(None))
    linked = select(literal(1)).select_from(link).join(other, alive).where(here)
    if not rest:
        if operator in ("exists", "isnull"):
            wants = _truth(leaf.get("value", True)) == (operator == "exists")
            return exists(linked) if wants else not_(exists(linked))
        operator = "eq" if operator == "contains" else operator
        rest = ["uuid"]
    return exists(linked.where(_leaf(MODULES[target], other, {**leaf, "field": ".".join(rest), "operator": operator})))


def _in_json(module: Module, source: Source, path: list[str], wanted: Any) -> Condition:
    """Match records whose path leads, through single relations, to JSON that contains JSON."""
    if len(path) == 1:
        return _holds(expression(module, source, path), wanted)
    other, target = aliased(Record), module.fields[path[0]].module
    is_it = other.uuid == func.substr(expression(module, source, path[:1]), _PREFIX[target])
    leads = _in_json(MODULES[target], other, path[1:], wanted)
    return exists(select(literal(1)).where(other.module == target, is_it, leads))


def _holds(value: ColumnElement[Any], wanted: Any) -> Condition:
    """Match JSON that contains JSON, as PostgreSQL's ``@>`` does."""
    if not isinstance(wanted, (dict, list)):
        return _equal(value, wanted)
    inner = func.json_each(func.iif(func.json_valid(value), value, "null")).table_valued("key", "value")
    pairs: Any = wanted.items() if isinstance(wanted, dict) else [(None, each) for each in wanted]
    held = select(literal(1)).select_from(inner)
    return and_(
        true(),
        *(
            exists(held.where(true() if key is None else inner.c.key == key, _holds(inner.c.value, each)))
            for key, each in pairs
        ),
    )


def _in_tags(source: Source, path: list[str], operator: str, given: Any) -> Condition:
    wanted = [text(each) for each in _list(given)]
    tags = func.json_each(source.document, literal_column(f"'$.{path[0]}'")).table_valued("value")
    any_tag = exists(select(literal(1)).select_from(tags))
    if operator in ("exists", "isnull"):
        return any_tag if _truth(given if given is not None else True) == (operator == "exists") else not_(any_tag)
    each = [exists(select(literal(1)).select_from(tags).where(tags.c.value == tag)) for tag in wanted]
    if operator in ("contains", "eq", "in"):
        return or_(false(), *each)
    if operator in ("neq", "nin"):
        return not_(or_(false(), *each))
    if operator == "in_all":
        return and_(true(), *each)
    if operator == "like":
        return exists(select(literal(1)).select_from(tags).where(_like(tags.c.value, wanted[0] if wanted else "")))
    raise malformed(f"Operator {operator!r} is not supported for tags.")


def _column(source: Source, name: str) -> ColumnElement[Any] | None:
    columns: dict[str, Any] = {
        "id": source.number,
        "uuid": source.uuid,
        "@id": literal("/api/3/").concat(source.module).concat("/").concat(source.uuid),
        "createDate": source.created,
        "modifyDate": source.modified,
        "deletedAt": source.deleted,
    }
    return columns.get(name)


def _field(module: Module, name: str) -> Field:
    if name not in module.fields:
        raise malformed(f'{module.name} has no field "{name}".')
    return module.fields[name]


def _last_field(module: Module, path: list[str]) -> Field:
    """Return the field at the end of a path, following its relations."""
    own = {"id": Field("integer"), "uuid": Field("text"), "@id": Field("text")}
    own |= dict.fromkeys(("createDate", "modifyDate", "deletedAt"), Field("date"))
    field = own.get(path[0]) or _field(module, path[0])
    if len(path) == 1:
        return field
    if field.module not in MODULES:
        raise malformed(f'The path "{".".join(path)}" leads nowhere in {module.name}.')
    return _last_field(MODULES[field.module], path[1:])


def _compared(field: Field, path: list[str], operator: str, given: Any) -> Any:
    """Return the value of a filter in the form in which the field stores its own."""
    if operator in ("exists", "isnull"):
        return _truth(True if given is None else given)
    if operator in ("in", "nin", "between"):
        return [_compared(field, path, "eq", each) for each in _list(given)]
    if given is None or operator in ("like", "notlike", "contains"):
        return given
    if field.kind == "date":
        return epoch(path[-1], given)
    if field.kind in ("picklist", "one"):
        found = address(given)
        return iri(*found) if found else iri(field.module, str(given).lower())
    if path[-1] == "uuid":
        found = address(given)
        return found[1] if found else str(given).lower()
    if field.kind == "integer":
        return _number_or_text(given)
    return int(_truth(given)) if field.kind == "boolean" else text(given)


def _number_or_text(given: Any) -> Any:
    try:
        return float(given)
    except (TypeError, ValueError):
        return text(given)


def _list(given: Any) -> list[Any]:
    if isinstance(given, list):
        return given
    return given.split("|") if isinstance(given, str) else [given]


def _truth(given: Any) -> bool:
    return given if isinstance(given, bool) else str(given).lower() in ("true", "1")


def _equal(value: ColumnElement[Any], given: Any) -> Condition:
    return value.is_(None) if given is None else value == given


def _unequal(value: ColumnElement[Any], given: Any) -> Condition:
    return value.is_not(None) if given is None else value != given


def _like(value: ColumnElement[Any], given: Any) -> Condition:
    """Match a pattern with ``%`` and ``_``; text without ``%`` matches anywhere (clients rely on both)."""
    pattern = text(given).lower()
    return func.lower(value).like(pattern if "%" in pattern else f"%{pattern}%")


def _between(value: ColumnElement[Any], given: list[Any]) -> Condition:
    if len(given) != 2:
        raise unexpected_value('"between" needs two values.')
    return value.between(given[0], given[1])


OPERATORS: dict[str, Callable[[ColumnElement[Any], Any], Condition]] = {
    "eq": _equal,
    "neq": _unequal,
    "lt": lambda value, given: value < literal(given),
    "lte": lambda value, given: value <= literal(given),
    "gt": lambda value, given: value > literal(given),
    "gte": lambda value, given: value >= literal(given),
    "in": lambda value, given: value.in_(given),
    "nin": lambda value, given: or_(value.not_in(given), value.is_(None)),
    "like": _like,
    "notlike": lambda value, given: not_(_like(value, given)),
    "contains": _like,
    "exists": lambda value, given: value.is_not(None) if given else value.is_(None),
    "isnull": lambda value, given: value.is_(None) if given else value.is_not(None),
    "between": _between,
}
