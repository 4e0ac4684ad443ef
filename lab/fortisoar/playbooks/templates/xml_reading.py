"""XML as objects."""

from __future__ import annotations

from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError


def xml_as_dict(text: str) -> dict[str, Any]:
    """Return XML as objects: attributes as ``@name``, text beside them as ``#text``, repeated elements as a list.

    That this common convention is the platform's too is assumed: no source.
    Raises: ValueError.
    """
    if "<!ENTITY" in text:
        raise ValueError("XML that declares entities is refused")
    try:
        root = minidom.parseString(text).documentElement  # noqa: S318  entities, which make XML dangerous, are refused
    except ExpatError as error:
        raise ValueError(f"not XML: {error}") from error
    assert root is not None  # what was read without an error has an element
    return {root.tagName: _value(root)}


def _value(element: minidom.Element) -> Any:
    fields: dict[str, Any] = {f"@{name}": value for name, value in element.attributes.items()}
    text = ""
    for child in element.childNodes:
        if isinstance(child, minidom.Element):
            _add(fields, child.tagName, _value(child))
        elif isinstance(child, minidom.Text):
            text += child.data
    text = text.strip()
    if not fields:
        return text or None
    return fields | ({"#text": text} if text else {})


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
