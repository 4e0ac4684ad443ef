"""The collection of playbooks that ships: samples made of info.json, and stories written in playbooks/sources.

fsr-playbooks (PyPI) judges the collection in the tests, but does not compile it: its emitter stamps the time of the
build into every playbook and makes UUIDs of the collection's name, which holds the version, so that neither a rebuild
nor a release would leave unchanged playbooks as they are.

A source names its steps in order; a step goes on to the next one unless ``then`` says otherwise. Each kind of step has
one function here, which returns the step's arguments as FortiSOAR's designer saves them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_DNS, uuid5

import yaml

from .archive import ROOT, BuildError

Row = dict[str, Any]

SOURCES = "playbooks/sources"
COLLECTION = "playbooks/playbooks.json"
END = "end"
STANDARD = ("when", "for_each", "ignore_errors", "mock_result")  # what any step may have besides its own
UTILITIES_VERSION = "3.2.4"
UTILITIES = {
    "make_cyops_request": "FSR: Make FortiSOAR API Call",
    "no_op": "Utils: No Operation",
    "raise_exception": "Utils: Raise Exception",
    "updatemacro": "FSR: Update Global Variables",
}
# What no collection of Fortinet's own connectors has: manual input, a start on an update, and this utility.
RARE = ("ask", "updated", "raise_exception")
STEP_TYPES = {
    "action": "0bfed618-0316-11e7-93ae-92361f002671",
    "ask": "fc04082a-d7dc-4299-96fb-6837b1baa0fe",
    "call": "74932bdc-b8b6-4d24-88c4-1a4dfbc524f3",
    "create": "2597053c-e718-44b4-8394-4d40fe26d357",
    "decide": "12254cf5-5db7-4b1a-8cb1-3af081924b28",
    "find": "b593663d-7d13-40ce-a3a3-96dece928770",
    "manual": "f414d039-bb0d-4e59-9c39-a8f1e880b18a",
    "note": "2597053c-e718-44b4-8394-4d40fe26d357",
    "referenced": "b348f017-9a94-471f-87f8-ce88b6a7ad62",
    "set": "04d0cf46-b6a8-42c4-8683-60a7eaa69e8f",
    "update": "b593663d-7d13-40ce-a3a3-96dece928722",
    "updated": "9300bf69-5063-486d-b3a6-47eb9da24872",
    "utility": "0109f35d-090b-4a2b-bd8a-94cbc3508562",
}


class Place(NamedTuple):
    """Where a step stands: what its arguments may need to know."""

    info: Row
    playbook: str

    def uuid(self, kind: str, *names: str) -> str:
        """Return the UUID of something by its names: the same in every build and every version."""
        return str(uuid5(uuid5(NAMESPACE_DNS, self.info["name"]), "|".join((kind, *names))))

    def step(self, name: str) -> str:
        """Return the address of a step of this playbook."""
        return f"/api/3/workflow_steps/{self.uuid('step', self.playbook, name)}"

    def workflow(self, name: str) -> str:
        """Return the address of a playbook of the collection."""
        return f"/api/3/workflows/{self.uuid('playbook', name)}"


def build(root: Path = ROOT) -> str:
    """Return the text of the collection's file, the same for the same sources.

    Raises: BuildError for a source that does not hold together.
    """
    info = json.loads((root / "info.json").read_text("utf-8"))
    sources = [yaml.safe_load(file.read_text("ascii")) for file in sorted((root / SOURCES).glob("*.yaml"))]
    stories = [each for source in sources for each in (source, *_by_hand(source))]
    playbooks = [_sample(action) for action in info["operations"] if action["enabled"] and action["visible"]] + stories
    return json.dumps(_collection(info, playbooks), indent=1, ensure_ascii=True) + "\n"


def _collection(info: Row, playbooks: list[Row]) -> Row:
    uuid = Place(info, "").uuid("collection")
    names = {playbook["name"] for playbook in playbooks}
    if len(names) != len(playbooks):
        raise BuildError("Two playbooks have the same name.")
    workflows = [_workflow(info, playbook, uuid, names) for playbook in playbooks]
    tags = sorted({tag for workflow in workflows for tag in workflow["recordTags"]})
    return {
        "type": "workflow_collections",
        "data": [
            {
                "@type": "WorkflowCollection",
                "uuid": uuid,
                "name": f"Sample - {info['label']} - {info['version']}",
                "description": f"Sample playbooks for the {info['label']} connector. They are deleted and imported "
                "anew when the connector is upgraded: clone those you use, and move them to a collection of your own.",
                "visible": True,
                "image": None,
                "deletedAt": None,
                "importedBy": [],
                "recordTags": _tags(info),
                "workflows": workflows,
            }
        ],
        "exported_tags": tags,
    }


def _tags(info: Row) -> list[str]:
    return [info["name"].split("-")[0].capitalize(), info["name"]]


def _by_hand(source: Row) -> list[Row]:
    """Return the second entry of a story that FortiSOAR starts: the same steps, which an analyst starts on a record.

    It has some other values in its step Configuration.
    """
    if "by_hand" not in source:
        return []
    entry = source["by_hand"]
    values = {"set": {**source["steps"]["Configuration"]["set"], **entry["set"]}}
    return [{**entry, "steps": {**source["steps"], "Configuration": values}}]


def _sample(action: Row) -> Row:
    """Return the source of an action's sample: it hands the playbook's own parameters on.

    Run with mock output, it shows what the action gives without asking a product.
    """
    mock = {"data": action["output_schema"], "status": "Success", "message": "", "operation": None}
    names = [parameter["name"] for parameter in action["parameters"]]
    return {
        "name": action["title"],
        "description": action["description"],
        "start": {"parameters": names} if names else "referenced",
        "steps": {
            action["title"]: {
                "action": action["operation"],
                "params": {parameter["name"]: _handed_on(parameter) for parameter in action["parameters"]},
                "mock_result": json.dumps(mock),
            }
        },
    }


def _handed_on(parameter: Row) -> str:
    name, default = parameter["name"], parameter.get("value")
    # Jinja takes a name behind a dot for the method of a dictionary first, such as that of all items.
    place = f"['{name}']" if hasattr(dict, name) else f".{name}"
    otherwise = "" if default in (None, "") else f" | default({default!r})"
    return f"{{{{vars.input.params{place}{otherwise}}}}}"


def _workflow(info: Row, playbook: Row, collection: str, names: set[str]) -> Row:
    """Return a playbook as FortiSOAR exports it: inactive, not debugged."""
    name = playbook["name"]
    place = Place(info, name)
    start = {"referenced": {}} if playbook["start"] == "referenced" else playbook["start"]
    steps: dict[str, Row] = {"Start": {"start": start, "then": next(iter(playbook["steps"]))}, **playbook["steps"]}
    routes = _routes(name, steps)
    _check(name, steps, routes, names)
    roles = playbook.get("roles", [])
    if {"fetch", "ingest"} & set(roles) and (rare := _rare(steps)):
        raise BuildError(f"{name} uses {', '.join(rare)}, which is for stories: no official ingestion has it.")
    return {
        "@type": "Workflow",
        "uuid": place.uuid("playbook", name),
        "collection": f"/api/3/workflow_collections/{collection}",
        "triggerLimit": None,
        "name": name,
        "description": playbook["description"],
        "tag": None if roles else f"#{info['label']}",
        # The Data Ingestion Wizard finds its playbooks by these tags, and takes all that have dataingestion.
        "recordTags": ["dataingestion", *roles, info["name"]] if roles else _tags(info),
        "isActive": False,
        "debug": False,
        "singleRecordExecution": False,
        "remoteExecutableFlag": False,
        "parameters": list(start.get("parameters", [])),
        "synchronous": False,
        "versions": [],
        "groups": [],
        "priority": None,
        "triggerStep": place.step("Start"),
        "steps": [_step(place, step, about, _layout(steps, routes)[step]) for step, about in steps.items()],
        "routes": [_route(place, *route) for route in routes],
    }


# The graph.

Route = tuple[str, str, "str | None"]


def _routes(playbook: str, steps: Mapping[str, Row]) -> list[Route]:
    """Return from where to where it goes, and by which option."""
    routes: list[Route] = []
    following = dict(zip(steps, [*list(steps)[1:], END], strict=True))
    for name, step in steps.items():
        if "decide" in step:
            routes += [(name, option["then"], label) for label, option in step["decide"].items()]
        elif "options" in step:
            routes += [(name, then, label) for label, then in step["options"].items()]
        elif (then := step.get("then", following[name])) != END:
            routes.append((name, then, None))
    if dangling := sorted({to for _, to, _ in routes} - set(steps)):
        raise BuildError(f"{playbook} leads to steps that it does not have: {', '.join(dangling)}.")
    return routes


def _check(playbook: str, steps: Mapping[str, Row], routes: list[Route], names: set[str]) -> None:
    if unreached := sorted(set(steps) - {to for _, to, _ in routes} - {"Start"}):
        raise BuildError(f"{playbook} never reaches {', '.join(unreached)}.")
    if unknown := sorted({step["call"] for step in steps.values() if "call" in step} - names):
        raise BuildError(f"{playbook} calls playbooks that there are not: {', '.join(unknown)}.")


def _rare(steps: Mapping[str, Row]) -> list[str]:
    """Return what of RARE a playbook uses."""
    used = {word for step in steps.values() for word in (*step, *step.get("start", ()), step.get("utility"))}
    return [each for each in RARE if each in used]


def _layout(steps: Mapping[str, Row], routes: list[Route]) -> dict[str, tuple[int, int]]:
    """Return row and column of every step: below all that leads to it, beside what stands in the same row."""
    rows = dict.fromkeys(steps, 0)
    for _ in steps:  # as many rounds as the longest way may have
        for source, target, _label in routes:
            rows[target] = max(rows[target], rows[source] + 1)
    return {name: (row, list(rows.values())[:number].count(row)) for number, (name, row) in enumerate(rows.items())}


def _route(place: Place, source: str, target: str, label: str | None) -> Row:
    return {
        "@type": "WorkflowRoute",
        "uuid": place.uuid("route", place.playbook, source, target, label or ""),
        "name": f"{source} -> {target}",
        "label": label,
        "isExecuted": False,
        "group": None,
        "sourceStep": place.step(source),
        "targetStep": place.step(target),
    }


# The steps.


def _step(place: Place, name: str, step: Row, at: tuple[int, int]) -> Row:
    row, column = at
    kind, arguments = _start(place, step["start"]) if "start" in step else _arguments(place, name, step)
    return {
        "@type": "WorkflowStep",
        "uuid": place.uuid("step", place.playbook, name),
        "name": name,
        "description": None,
        "status": None,
        "arguments": {**arguments, **{key: step[key] for key in STANDARD if key in step}},
        "left": str(125 + 300 * column),
        "top": str(30 + 135 * row),
        "group": None,
        "stepType": f"/api/3/workflow_step_types/{STEP_TYPES[kind]}",
    }


def _arguments(place: Place, name: str, step: Row) -> tuple[str, Row]:
    kind = next((kind for kind in KINDS if kind in step), None)
    if kind is None:
        raise BuildError(f"{place.playbook}, step {name}: it says nothing to do.")
    return kind, KINDS[kind](place, step)


def _start(place: Place, start: Row) -> tuple[str, Row]:
    if "manual" in start:
        return "manual", _manual_start(place, start)
    if "updated" in start:
        return "updated", _updated_start(start)
    variables: Row = {"input": {"params": []}}
    if "form" in start:
        variables["_configuration_schema"] = json.dumps(start["form"])
    return "referenced", {"step_variables": variables}


def _manual_start(place: Place, start: Row) -> Row:
    module, without_record = start["manual"], start.get("without_record", False)
    return {
        "route": place.uuid("trigger", place.playbook),
        "title": start["button"],
        "resources": [module],
        "inputVariables": [_input(name, label) for name, label in start.get("ask", {}).items()],
        "step_variables": {"input": {"params": [], "records": "{{vars.input.records}}"}},
        "displayConditions": {module: {"sort": [], "limit": 30, "logic": "AND", "filters": []}},
        "executeButtonText": "Execute",
        "noRecordExecution": without_record,
        "singleRecordExecution": not without_record,
    }


def _input(name: str, label: str) -> Row:
    return {
        "name": name,
        "type": "string",
        "label": label,
        "title": "Text",
        "usable": True,
        "tooltip": "",
        "dataType": "text",
        "formType": "text",
        "required": True,
        "_expanded": True,
        "templateUrl": "app/components/form/fields/input.html",
        "defaultValue": "",
        "playbookField": True,
        "useRecordFieldDefault": False,
    }


def _updated_start(start: Row) -> Row:
    # Which value it has changed to is for the playbook to see: the addresses of picklist items differ by appliance.
    changed = {"type": "object", "field": start["changed"], "value": "", "operator": "changed"}
    return {
        "resource": start["updated"],
        "resources": [start["updated"]],
        "step_variables": {"input": {"params": [], "records": ["{{vars.input.records[0]}}"]}},
        "__triggerLimit": True,
        "triggerOnSource": True,
        "triggerOnReplicate": False,
        "fieldbasedtrigger": {"sort": [], "limit": 30, "logic": "AND", "filters": [changed]},
    }


def _action(place: Place, step: Row) -> Row:
    titles = {action["operation"]: action["title"] for action in place.info["operations"]}
    if step["action"] not in titles:
        raise BuildError(f"{place.playbook} has an action that info.json does not have: {step['action']}.")
    return {
        "name": place.info["label"],
        "config": step.get("config", ""),  # blank for the default configuration
        "params": step["params"] or [],
        "version": place.info["version"],
        "connector": place.info["name"],
        "operation": step["action"],
        "operationTitle": titles[step["action"]],
        "pickFromTenant": False,
        "step_variables": [],
    }


def _utility(place: Place, step: Row) -> Row:
    return {
        "params": step["params"] or [],
        "version": UTILITIES_VERSION,
        "connector": "cyops_utilities",
        "operation": step["utility"],
        "operationTitle": UTILITIES[step["utility"]],
        "step_variables": [],
    }


def _set(place: Place, step: Row) -> Row:
    return dict(step["set"])


def _decide(place: Place, step: Row) -> Row:
    conditions = []
    for label, option in step["decide"].items():
        condition = {"condition": option["when"]} if "when" in option else {"default": True}
        leads = {"step_iri": place.step(option["then"]), "step_name": option["then"]}
        conditions.append({"option": label, **condition, **leads})
    return {"conditions": conditions, "step_variables": []}


def _ask(place: Place, step: Row) -> Row:
    options = [{"option": label, "step_iri": place.step(then)} for label, then in step["options"].items()]
    options[0]["primary"] = True
    return {
        "type": "DecisionBased",
        "input": {"schema": {"title": step["ask"], "description": step["text"], "inputVariables": []}},
        "record": step["record"],
        "resources": step["module"],
        "is_approval": False,
        "owner_detail": {"isAssigned": False},
        "isRecordLinked": True,
        "step_variables": [],
        "response_mapping": {"options": options, "duplicateOption": False},
        "email_notification": {"enabled": False, "smtpParameters": []},
        "inline_channel_list": [],
        "external_channel_list": [],
        "unauthenticated_input": False,
    }


def _create(place: Place, step: Row) -> Row:
    return {
        "resource": {**step["resource"], "__replace": "true"},
        "_showJson": False,
        "operation": "Overwrite",
        "collection": step["create"],
        "__recommend": [],
        "fieldOperation": {"recordTags": "Append"},
        "step_variables": [],
    }


def _note(place: Place, step: Row) -> Row:
    comment = {"content": step["text"], "alerts": step["note"]}
    return _create(place, {"create": "/api/3/comments", "resource": comment})


def _update(place: Place, step: Row) -> Row:
    return {
        "resource": step["resource"],
        "_showJson": False,
        "operation": "Overwrite",
        "collection": step["update"],
        "__recommend": [],
        "collectionType": f"/api/3/{step['module']}",
        "fieldOperation": {"recordTags": "Append"},
        "step_variables": [],
    }


def _find(place: Place, step: Row) -> Row:
    filters = [{"type": "primitive", **each, "_operator": each["operator"]} for each in step["filters"]]
    query: Row = {"sort": step.get("sort", []), "limit": step["limit"], "logic": "AND", "filters": filters}
    if "fields" in step:
        query["__selectFields"] = step["fields"]
    module = f"{step['find']}?$limit={step['limit']}" + ("&$showDeleted=true" if step.get("with_deleted") else "")
    arguments = {"query": query, "module": module, "step_variables": []}
    return {**arguments, "checkboxFields": True} if "fields" in step else arguments


def _call(place: Place, step: Row) -> Row:
    return {
        "arguments": step["with"],
        "apply_async": False,
        "step_variables": [],
        "pass_parent_env": False,
        "pass_input_record": False,
        "workflowReference": place.workflow(step["call"]),
    }


KINDS: dict[str, Callable[[Place, Row], Row]] = {
    "action": _action,
    "utility": _utility,
    "set": _set,
    "decide": _decide,
    "ask": _ask,
    "create": _create,
    "note": _note,
    "update": _update,
    "find": _find,
    "call": _call,
}
