"""The description of the modules that clients fetch to learn fields, picklists and uniqueness."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from .modules import CONTENT, MODULES, Field, Module

Row = dict[str, Any]
# The draft that the module editor changes, and what is in force. Nobody edits modules here: they are alike.
STORES = {"staging_model_metadatas": "StagingModelMetadata", "model_metadatas": "ModelMetadata"}

_TYPES = {"text": "string", "integer": "integer", "date": "datetime", "boolean": "boolean", "tags": "string"}
_FORMS = {"one": "lookup", "many": "manyToMany", "tags": "tags", "date": "datetime", "boolean": "checkbox"}


def descriptions(store: str, with_attributes: bool) -> list[Row]:
    """Return every module's description, sorted by type; its attributes only if they are asked for."""
    return [_description(store, MODULES[name], with_attributes) for name in sorted(MODULES) if name not in CONTENT]


def _description(store: str, module: Module, with_attributes: bool) -> Row:
    uuid = module.uuid or str(uuid5(NAMESPACE_URL, f"module:{module.name}"))
    described: Row = {
        "@id": f"/api/3/{store}/{uuid}",
        "@type": STORES[store],
        "type": module.name,
        "module": module.name,
        "tableName": module.name,
        "parentType": None,
        "displayName": "{{ name }}",
        "descriptions": {"singular": module.type, "plural": module.name.replace("_", " ").capitalize()},
        "uniqueConstraint": [{f"{module.name}_unique": {"columns": list(columns)}} for columns in module.unique],
        "uuid": uuid,
    }
    if with_attributes:
        described["attributes"] = [
            _attribute(module.name, position, name, field)
            for position, (name, field) in enumerate(module.fields.items())
        ]
    return described


def _attribute(module: str, position: int, name: str, field: Field) -> Row:
    uuid = str(uuid5(NAMESPACE_URL, f"attribute:{module}/{name}"))
    described: Row = {
        "@id": f"/api/3/attribute_metadatas/{uuid}",
        "@type": "AttributeMetadata",
        "name": name,
        "type": _TYPES.get(field.kind, field.module),
        "formType": "picklist" if field.kind == "picklist" else _FORMS.get(field.kind, field.kind),
        "orderIndex": position,
        "displayName": f"{{{{ {name} }}}}",
        "descriptions": {"singular": name},
        "validation": {"required": False},
        "uuid": uuid,
    }
    if field.kind == "picklist":
        described["dataSource"] = {
            "model": "picklists",
            "query": {
                "filters": [{"field": "listName__name", "operator": "eq", "value": field.target}],
                "logic": "AND",
                "sort": [{"direction": "ASC", "field": "orderIndex"}],
            },
        }
    return described
