"""Rules of FortiSOAR's importer: it refuses what breaks them, and always says the same, whatever the cause."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

from .package import Package
from .rules import Found, Scope, rule, shown

SAME_WORDS = 'The importer answers "Connector with same name is already active." (seen on 8.0, one change at a time).'


@rule("FSR101", SAME_WORDS, "Write a JSON object into info.json.", Scope.IMPORT)
def manifest_is_json(package: Package) -> Iterator[Found]:
    """info.json is a JSON object."""
    try:
        found = json.loads(package.text("info.json"))
    except (ValueError, RecursionError) as error:
        yield Found("info.json", shown(str(error)))
        return
    if not isinstance(found, dict):
        yield Found("info.json", shown(found))


@rule("FSR102", SAME_WORDS, "Name the folder as info.json names the connector, without a version.", Scope.IMPORT)
def folder_is_named_like_the_connector(package: Package) -> Iterator[Found]:
    """The folder has the connector's name."""
    if package.info and package.info.get("name") and package.folder != package.info["name"]:
        yield Found(package.folder, package.folder, shown(package.info["name"]))


@rule("FSR103", SAME_WORDS, "Give it a text.", Scope.IMPORT)
def manifest_names_the_connector(package: Package) -> Iterator[Found]:
    """info.json has a name, a label and a version."""
    if package.info:
        for key in ("name", "label", "version"):
            if not isinstance(package.info.get(key), str) or not package.info[key].strip():
                yield Found(f"info.json, {key}", shown(package.info.get(key)))


@rule("FSR104", SAME_WORDS, "Use three numbers, such as 1.0.0.", Scope.IMPORT)
def version_has_three_numbers(package: Package) -> Iterator[Found]:
    """The version begins with three numbers."""
    version = package.info.get("version")
    if isinstance(version, str) and version.strip() and not re.match(r"\d+\.\d+\.\d+", version):
        yield Found("info.json, version", shown(version), "three numbers, such as 1.0.0")


@rule("FSR105", SAME_WORDS, "Make it a list, if need be an empty one.", Scope.IMPORT)
def operations_are_a_list(package: Package) -> Iterator[Found]:
    """The actions are a list of objects."""
    operations = package.info.get("operations")
    if package.info and (not isinstance(operations, list) or len(package.operations) != len(operations)):
        yield Found("info.json, operations", shown(operations))


@rule("FSR106", SAME_WORDS, 'Leave it out, or write {"fields": [...]}.', Scope.IMPORT)
def configuration_is_an_object(package: Package) -> Iterator[Found]:
    """The configuration is an object with a list of fields, or absent."""
    if "configuration" not in package.info:
        return
    configuration = package.info["configuration"]
    fields = configuration.get("fields", []) if isinstance(configuration, dict) else None
    if not isinstance(fields, list) or len(fields) != len(package.configuration):
        yield Found("info.json, configuration", shown(configuration))


@rule("FSR107", SAME_WORDS, "Give the action its name and its title.", Scope.IMPORT)
def actions_have_name_and_title(package: Package) -> Iterator[Found]:
    """Each action has a name and a title."""
    for place, action in enumerate(package.operations):
        for key in ("operation", "title"):
            if not isinstance(action.get(key), str) or not action[key].strip():
                yield Found(f"info.json, operations[{place}], {key}", shown(action.get(key)))


@rule("FSR108", SAME_WORDS, "Rename one of them.", Scope.IMPORT)
def actions_are_unique(package: Package) -> Iterator[Found]:
    """No two actions have one name."""
    names = Counter(action["operation"] for action in package.operations if isinstance(action.get("operation"), str))
    for name, times in names.items():
        if times > 1:
            yield Found("info.json, operations", shown(name))


@rule(
    "FSR109",
    "The importer takes one folder; what lies beside it has no place in it.",
    "Pack the connector's folder alone.",
    Scope.IMPORT,
)
def archive_holds_one_folder(package: Package) -> Iterator[Found]:
    """The archive holds one folder."""
    for name in package.odd:
        yield Found(name, shown(name))
