"""Rules of the collection of playbooks: what the import, the wizard for ingestion and a run trip over."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .package import Package, Row, below, rows, said
from .rules import Found, Scope, Severity, rule, shown

FILE = "playbooks/playbooks.json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DECISION = "12254cf5-5db7-4b1a-8cb1-3af081924b28"
REFERENCE = "74932bdc-b8b6-4d24-88c4-1a4dfbc524f3"
ROLES = ("fetch", "create", "ingest")


@rule(
    "FSR601",
    "The import of the connector leaves the playbooks out without a word.",
    "Export the collection anew.",
    Scope.APPLIANCE,
)
def collection_is_an_export(package: Package) -> Iterator[Found]:
    """playbooks.json is an export of a collection."""
    if not package.text(FILE).strip() or package.text(FILE).strip() == "{}":
        return
    try:
        document = json.loads(package.text(FILE))
    except (ValueError, RecursionError) as error:
        yield Found(FILE, shown(str(error)))
        return
    if not isinstance(document, dict) or document.get("type") != "workflow_collections" or not package.collections:
        yield Found(
            FILE, shown(document.get("type") if isinstance(document, dict) else document), "workflow_collections"
        )


@rule(
    "FSR602",
    "FortiSOAR deletes and imports it anew with each version, by this name (46 of 46 official ones).",
    "Rename the collection.",
    Scope.APPLIANCE,
)
def collection_has_label_and_version(package: Package) -> Iterator[Found]:
    """The collection is called Sample - <label> - <version>."""
    wanted = f"Sample - {package.info.get('label')} - {package.info.get('version')}"
    for collection in package.collections:
        if collection.get("name") != wanted:
            yield Found(f"{FILE}, name", shown(collection.get("name")), wanted)


@rule("FSR603", "An active playbook runs as soon as the connector is installed.", "Switch it off.", Scope.KIT)
def playbooks_are_inactive(package: Package) -> Iterator[Found]:
    """Playbooks are inactive."""
    for where, workflow in _workflows(package):
        if workflow.get("isActive"):
            yield Found(where, "active")


@rule("FSR604", "Each run stores what its steps were given, secrets too.", "Switch debugging off.", Scope.KIT)
def playbooks_do_not_log_everything(package: Package) -> Iterator[Found]:
    """Playbooks do not run with debugging on."""
    for where, workflow in _workflows(package):
        if workflow.get("debug"):
            yield Found(where, "debug")


@rule(
    "FSR605",
    "It runs with the newest version that is installed, which may be another one.",
    "Give the steps this version.",
    Scope.APPLIANCE,
)
def steps_name_this_version(package: Package) -> Iterator[Found]:
    """Steps that run the connector name its version."""
    for where, arguments in package.own_steps():
        if arguments.get("version") != package.info.get("version"):
            yield Found(where, shown(arguments.get("version")), shown(package.info.get("version")))


@rule("FSR606", "The step fails whenever it is run.", "Name an action that exists.", Scope.APPLIANCE)
def steps_run_actions_that_exist(package: Package) -> Iterator[Found]:
    """Steps run actions that info.json declares."""
    known = {said(action, "operation") for action in package.operations}
    for where, arguments in package.own_steps():
        if said(arguments, "operation") not in known:
            yield Found(where, shown(arguments.get("operation")))


@rule("FSR607", "The action does not see it.", "Take it out, or correct its name.", Scope.APPLIANCE)
def steps_give_parameters_that_exist(package: Package) -> Iterator[Found]:
    """Steps give only parameters that their action has."""
    for where, arguments, fields in _calls(package):
        params = arguments.get("params")
        for name in sorted(set(params if isinstance(params, dict) else {}) - {said(field, "name") for field in fields}):
            yield Found(where, shown(name))


@rule(
    "FSR608",
    "The designer marks the step as incomplete, and the action refuses the call.",
    "Add the parameter.",
    Scope.APPLIANCE,
)
def steps_give_what_is_required(package: Package) -> Iterator[Found]:
    """Steps give every parameter that their action requires, if need be an empty one."""
    for where, arguments, _ in _calls(package):
        given = arguments.get("params")
        params = given if isinstance(given, dict) else {}
        action = next(a for a in package.operations if a.get("operation") == arguments.get("operation"))
        for field in rows(action.get("parameters")):
            if field.get("required") and said(field, "name") not in params:
                yield Found(where, shown(field.get("name")))


@rule("FSR609", "The import refuses the collection, or the run stops there.", "Draw the route anew.", Scope.APPLIANCE)
def routes_join_steps(package: Package) -> Iterator[Found]:
    """Each route leads from a step of its playbook to another."""
    for where, workflow in _workflows(package):
        known = set(_steps(workflow))
        for route in rows(workflow.get("routes")):
            for end in ("sourceStep", "targetStep"):
                if _id(route.get(end)) not in known:
                    yield Found(f"{where}, route {route.get('name')}", shown(route.get(end)))


@rule("FSR610", "The playbook cannot be started.", "Name the first step.", Scope.APPLIANCE)
def playbooks_begin_somewhere(package: Package) -> Iterator[Found]:
    """Each playbook begins with one of its steps."""
    for where, workflow in _workflows(package):
        if _id(workflow.get("triggerStep")) not in _steps(workflow):
            yield Found(where, shown(workflow.get("triggerStep")))


@rule("FSR611", "It is never run.", "Lead a route to it, or take it out.", Scope.READER, Severity.WARNING)
def steps_can_be_reached(package: Package) -> Iterator[Found]:
    """Each step can be reached from the first."""
    for where, workflow in _workflows(package):
        steps, reached = _steps(workflow), set()
        waiting = [_id(workflow.get("triggerStep"))]
        while waiting:
            step = waiting.pop()
            if step in steps and step not in reached:
                reached.add(step)
                routes = rows(workflow.get("routes"))
                waiting += [_id(route.get("targetStep")) for route in routes if _id(route.get("sourceStep")) == step]
        if _id(workflow.get("triggerStep")) in steps:
            for step in steps.keys() - reached:
                yield Found(f"{where}, step {steps[step].get('name')}", "no route leads there")


@rule(
    "FSR612",
    "It is that of the appliance on which the playbook was written.",
    "Leave the configuration empty.",
    Scope.APPLIANCE,
)
def steps_name_no_configuration(package: Package) -> Iterator[Found]:
    """Steps name no configuration by its id."""
    for where, _, arguments in package.steps():
        config = arguments.get("config")
        if isinstance(config, str) and UUID.fullmatch(config.strip("'\"")):
            yield Found(where, shown(config), "empty: the default configuration")


@rule("FSR613", "Playbooks are found by their tags.", "Tag it with the connector's label.", Scope.KIT, Severity.WARNING)
def playbooks_are_tagged(package: Package) -> Iterator[Found]:
    """Playbooks have a tag."""
    for where, workflow in _workflows(package):
        if not workflow.get("tag") and not workflow.get("recordTags"):
            yield Found(where)


@rule(
    "FSR614",
    "Each of 46 official connectors has them; they show what an action takes.",
    "Add a playbook that runs it.",
    Scope.READER,
    Severity.WARNING,
)
def actions_have_samples(package: Package) -> Iterator[Found]:
    """Each action that is shown is run by a playbook."""
    run = {said(arguments, "operation") for _, arguments in package.own_steps()}
    for action in package.operations if package.collections else []:
        if action.get("visible", True) and action.get("enabled", True) and said(action, "operation") not in run:
            yield Found(f"action {action.get('operation')}")


@rule("FSR615", "The second takes the place of the first.", "Give it a UUID of its own.", Scope.APPLIANCE)
def uuids_are_unique(package: Package) -> Iterator[Found]:
    """No UUID is given twice."""
    with_uuid = [*package.workflows, *(step for _, step, _ in package.steps())]
    with_uuid += [route for workflow in package.workflows for route in rows(workflow.get("routes"))]
    for uuid, times in Counter(str(row.get("uuid")) for row in with_uuid if row.get("uuid")).items():
        if times > 1:
            yield Found(FILE, uuid)


@rule("FSR616", "The importer was seen to refuse steps without a place.", "Give it one.", Scope.APPLIANCE)
def steps_have_a_place(package: Package) -> Iterator[Found]:
    """Each step has its place on the canvas."""
    for where, step, _ in package.steps():
        for side in ("left", "top"):
            if str(step.get(side) if step.get(side) is not None else "").strip() == "":
                yield Found(f"{where}, {side}", shown(repr(step.get(side))))


@rule(
    "FSR617",
    "The run stops at the decision.",
    "Name one option as the default, and lead each to a step.",
    Scope.APPLIANCE,
)
def decisions_lead_somewhere(package: Package) -> Iterator[Found]:
    """Each option of a decision leads to a step of its playbook."""
    for where, workflow in _workflows(package):
        steps = _steps(workflow)
        for step in steps.values():
            if _id(step.get("stepType")) == DECISION:
                arguments = step.get("arguments")
                for option in rows(arguments.get("conditions") if isinstance(arguments, dict) else None):
                    if option.get("step_iri") and _id(option["step_iri"]) not in steps:
                        yield Found(f"{where}, step {step.get('name')}", shown(option.get("option")))


@rule(
    "FSR618", "The called playbook does not exist on another appliance.", "Add it to the collection.", Scope.APPLIANCE
)
def called_playbooks_are_there(package: Package) -> Iterator[Found]:
    """Playbooks that are called are in the collection."""
    known = {_id(workflow.get("uuid")) for workflow in package.workflows}
    for where, step, arguments in package.steps():
        called = arguments.get("workflowReference")
        if _id(step.get("stepType")) == REFERENCE and called and "{{" not in str(called) and _id(called) not in known:
            yield Found(where, shown(called))


@rule("FSR619", "The list of playbooks shows one name twice.", "Rename one.", Scope.READER, Severity.WARNING)
def playbook_names_are_unique(package: Package) -> Iterator[Found]:
    """No two playbooks have one name."""
    for name, times in Counter(str(workflow.get("name")) for workflow in package.workflows).items():
        if times > 1:
            yield Found(FILE, shown(name))


@rule(
    "FSR620",
    "The wizard finds its playbooks by these tags, and by nothing else.",
    "Tag them dataingestion, and fetch, create, ingest.",
    Scope.APPLIANCE,
)
def ingestion_has_its_playbooks(package: Package) -> Iterator[Found]:
    """A connector that supports ingestion has the playbooks for it."""
    if package.info.get("ingestion_supported") and package.collections:
        tags = [set(_tags(workflow)) for workflow in package.workflows]
        for role in ROLES:
            if not any({"dataingestion", role} <= each for each in tags):
                yield Found(FILE, f"no playbook is tagged dataingestion and {role}")


@rule(
    "FSR621",
    "Tags are compared letter by letter; a misspelt one hides the playbook from the wizard.",
    "Write it in small letters.",
    Scope.APPLIANCE,
)
def ingestion_tags_are_spelt_right(package: Package) -> Iterator[Found]:
    """Tags for ingestion are spelt as the wizard spells them."""
    exact = {"dataingestion", *ROLES}
    for where, workflow in _workflows(package):
        for tag in _tags(workflow):
            plain = re.sub(r"[^a-z]", "", str(tag).lower())
            if plain in exact and tag not in exact:
                yield Found(where, shown(tag), plain)


@rule(
    "FSR622",
    "The first upgrade takes away what people changed in them.",
    "Say that they have to be cloned.",
    Scope.READER,
    Severity.WARNING,
)
def collection_says_to_clone(package: Package) -> Iterator[Found]:
    """The collection's description says to clone the playbooks."""
    for collection in package.collections:
        if "clone" not in str(collection.get("description") or "").lower():
            yield Found(f"{FILE}, description", shown(collection.get("description")))


@rule("FSR623", "The development kit's validation asks for it.", "Say what it does.", Scope.KIT, Severity.WARNING)
def playbooks_are_described(package: Package) -> Iterator[Found]:
    """Playbooks are described."""
    for where, workflow in _workflows(package):
        if not str(workflow.get("description") or "").strip():
            yield Found(where)


def _workflows(package: Package) -> Iterator[tuple[str, Row]]:
    for workflow in package.workflows:
        yield f"playbook {workflow.get('name')}", workflow


def _calls(package: Package) -> Iterator[tuple[str, Row, list[Row]]]:
    """Return each step that runs an action of this connector, with every field of the action's form."""
    for where, arguments in package.own_steps():
        for action in package.operations:
            if said(action, "operation") == arguments.get("operation"):
                yield where, arguments, [field for _, field in below("", rows(action.get("parameters")))]
                break


def _tags(workflow: Row) -> list[str]:
    tags = workflow.get("recordTags")
    return list(map(str, tags)) if isinstance(tags, list) else []


def _steps(workflow: Row) -> dict[str, Row]:
    return {_id(step.get("uuid")): step for step in rows(workflow.get("steps"))}


def _id(address: Any) -> str:
    return str(address or "").rpartition("/")[2]
