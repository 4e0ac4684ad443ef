"""Rules of info.json itself: what the connector says about itself and its actions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .package import Package, Row, said
from .rules import OFFICIAL, Found, Scope, Severity, rule, shown

CATEGORIES = {
    "Analytics and SIEM", "Asset Management", "Attack surface management", "Authentication", "Automation controller",
    "Breach and Attack Simulation (BAS)", "Case Management", "Cloud Security", "Cloud access security broker (CASB)",
    "Communication and Coordination", "Compliance and Reporting", "Compute Platform", "Computing",
    "Container Services", "Database", "Deception", "DevOps and Digital Operations", "Digital assistant",
    "Email Gateway", "Email Security", "Email Server", "Endpoint Security", "Enterprise mobility management",
    "Firewall and Network Protection", "Forensics and Malware Analysis", "FortiSOAR Essentials",
    "IT Service Management", "IT Services", "Identity and Access Management", "Insider Threat", "Logging",
    "ML Service", "Malware Analysis", "Message Queueing Service", "Monitoring", "Network Security",
    "OT & IoT Security", "Query Service", "Security Posture Management", "Storage", "Task Management",
    "Threat Detection", "Threat Hunting and Search", "Threat Intelligence", "Ticket Management", "Utilities",
    "Vulnerability and Risk Management", "Web Application",
}  # fmt: skip
ACTION_CATEGORIES = {"investigation", "containment", "remediation", "miscellaneous"}
HELP = ("https://docs.fortinet.com/document/fortisoar", "https://github.com/fortinet-fortisoar")
MODES = {"scheduled", "notification", "app_push", "polling"}
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
DEEPEST = 8


@rule(
    "FSR301",
    "The name is part of addresses, folders and module names.",
    "Use small letters, digits and dashes.",
    Scope.APPLIANCE,
)
def name_is_plain(package: Package) -> Iterator[Found]:
    """The name is made of small letters, digits and dashes."""
    name = package.info.get("name")
    if isinstance(name, str) and name.strip() and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        yield Found("info.json, name", shown(name), "such as my-connector")


@rule("FSR302", OFFICIAL, "Begin with 1.0.0; no leading zeros, no suffix.", Scope.OFFICIAL)
def version_is_a_release(package: Package) -> Iterator[Found]:
    """The version is that of a release, 1.0.0 or later."""
    version = str(package.info.get("version"))
    if re.match(r"\d+\.\d+\.\d+", version) and not re.fullmatch(r"[1-9]\d*\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version):
        yield Found("info.json, version", shown(version), "such as 1.0.0")


@rule("FSR303", OFFICIAL, "Say who publishes it; Community, if nobody else does.", Scope.OFFICIAL)
def publisher_is_named(package: Package) -> Iterator[Found]:
    """There is a publisher."""
    if package.info and not package.info.get("publisher"):
        yield Found("info.json, publisher", shown(package.info.get("publisher")))


@rule(
    "FSR304", "Fortinet certifies its own connectors alone.", "Set cs_approved to false.", Scope.KIT, Severity.WARNING
)
def others_do_not_certify(package: Package) -> Iterator[Found]:
    """Only Fortinet's connectors are marked as certified."""
    if package.info.get("cs_approved") and said(package.info, "publisher") not in {"Fortinet", ""}:
        yield Found("info.json, cs_approved", shown(package.info["cs_approved"]), "false")


@rule("FSR305", OFFICIAL, "Take categories from Fortinet's list.", Scope.OFFICIAL)
def category_is_known(package: Package) -> Iterator[Found]:
    """Each category is one of Fortinet's."""
    if not package.info:
        return
    category = package.info.get("category")
    for each in category if isinstance(category, list) else [category]:
        if str(each) not in CATEGORIES:
            yield Found("info.json, category", shown(each), "one of Fortinet's list")


@rule("FSR306", OFFICIAL, "Name the files.", Scope.OFFICIAL)
def icons_are_named(package: Package) -> Iterator[Found]:
    """Both icons are named."""
    for key in ("icon_small_name", "icon_large_name"):
        if package.info and not package.info.get(key):
            yield Found(f"info.json, {key}", shown(package.info.get(key)))


@rule("FSR307", OFFICIAL, "Say in a sentence or two what it does.", Scope.OFFICIAL)
def connector_is_described(package: Package) -> Iterator[Found]:
    """The connector's description says more than its label."""
    if package.info:
        yield from _described("info.json, description", package.info.get("description"), package.info.get("label"))


@rule("FSR308", OFFICIAL, "Leave it empty, or link to the page there.", Scope.OFFICIAL)
def help_leads_to_fortinet(package: Package) -> Iterator[Found]:
    """The link for help leads to Fortinet's documentation or repositories."""
    link = package.info.get("help_online")
    if link and not str(link).startswith(HELP):
        yield Found("info.json, help_online", shown(link), " or ".join(f"{start}..." for start in HELP))


@rule("FSR309", OFFICIAL, "Take one of them; investigation is for what only reads.", Scope.OFFICIAL)
def action_category_is_known(package: Package) -> Iterator[Found]:
    """Each action has one of the four categories."""
    for where, action in _actions(package):
        if said(action, "category") not in ACTION_CATEGORIES:
            yield Found(f"{where}, category", shown(action.get("category")), ", ".join(sorted(ACTION_CATEGORIES)))


@rule("FSR310", OFFICIAL, "Say in a sentence or two what it does.", Scope.OFFICIAL)
def actions_are_described(package: Package) -> Iterator[Found]:
    """Each action's description says more than its name."""
    for where, action in _actions(package):
        yield from _described(f"{where}, description", action.get("description"), action.get("operation"))


@rule(
    "FSR311",
    "Without it the designer cannot offer what the action returns.",
    "Give a sample of the result with empty texts.",
    Scope.OFFICIAL,
    Severity.WARNING,
)
def actions_have_an_output_schema(package: Package) -> Iterator[Found]:
    """Each action that is shown has an output schema."""
    for where, action in _actions(package):
        first = next(
            (k for k in ("conditional_output_schema", "api_output_schema", "output_schema") if k in action), ""
        )
        if action.get("visible", True) and not action.get(first):
            yield Found(f"{where}, output_schema", shown(action.get("output_schema")))


@rule("FSR312", "Analysts choose by the title.", "Tell them apart.", Scope.READER)
def action_titles_are_unique(package: Package) -> Iterator[Found]:
    """No two actions have one title."""
    titles = Counter(action["title"] for action in package.operations if isinstance(action.get("title"), str))
    for title, times in titles.items():
        if times > 1:
            yield Found("info.json, operations", shown(title))


@rule(
    "FSR313",
    "518 of 521 official actions have one.",
    "Use small letters, digits and underscores.",
    Scope.READER,
    Severity.WARNING,
)
def action_names_are_snake_case(package: Package) -> Iterator[Found]:
    """Actions and annotations are named in snake_case."""
    for where, action in _actions(package):
        for key in ("operation", "annotation"):
            value = action.get(key)
            if isinstance(value, str) and value.strip() and not SNAKE.fullmatch(value):
                yield Found(f"{where}, {key}", shown(value))


@rule(
    "FSR314",
    "The development kit's validation asks for title case.",
    "Write it as a title.",
    Scope.KIT,
    Severity.WARNING,
)
def titles_begin_with_a_capital(package: Package) -> Iterator[Found]:
    """Titles begin with a capital letter or a digit, and have no underscore."""
    titles = [(where, action.get("title")) for where, action in _actions(package)]
    for where, title in titles + [(where, field.get("title")) for where, field in package.fields()]:
        if isinstance(title, str) and title and (title[0].islower() or "_" in title):
            yield Found(f"{where}, title", shown(title))


@rule("FSR315", "Descriptions become the documentation.", "End it with a full stop.", Scope.READER, Severity.WARNING)
def descriptions_are_sentences(package: Package) -> Iterator[Found]:
    """Descriptions end like sentences."""
    described: list[tuple[str, Row]] = [("info.json", package.info), *_actions(package), *package.fields()]
    for where, row in described:
        text = row.get("description")
        if isinstance(text, str) and text.strip() and text.rstrip()[-1] not in ".!?:)":
            yield Found(f"{where}, description", shown(text[-40:]))


@rule("FSR316", "They show in forms and documentation.", "Take them out.", Scope.READER, Severity.WARNING)
def texts_have_no_stray_blanks(package: Package) -> Iterator[Found]:
    """Titles and descriptions have no blanks at their ends and no two in a row."""
    told: list[tuple[str, Row]] = [("info.json", package.info), *_actions(package), *package.fields()]
    for where, row in told:
        for key in ("title", "label", "description"):
            text = row.get(key)
            if isinstance(text, str) and (text != text.strip() or "  " in text):
                yield Found(f"{where}, {key}", shown(repr(text)))


@rule("FSR317", "The wizard for ingestion knows these.", "Take one of them.", Scope.APPLIANCE)
def ingestion_modes_are_known(package: Package) -> Iterator[Found]:
    """Each way of ingestion is one that FortiSOAR has."""
    modes = package.info.get("ingestion_modes", [])
    for mode in modes if isinstance(modes, list) else [modes]:
        if str(mode) not in MODES:
            yield Found("info.json, ingestion_modes", shown(mode), ", ".join(sorted(MODES)))


@rule(
    "FSR318", "Nobody finds a value that lies so deep in the designer.", "Flatten it.", Scope.READER, Severity.WARNING
)
def output_schemas_are_not_deep(package: Package) -> Iterator[Found]:
    """Output schemas are at most eight levels deep."""
    for where, action in _actions(package):
        if (depth := _depth(action.get("output_schema"))) > DEEPEST:
            yield Found(f"{where}, output_schema", f"{depth} levels", f"at most {DEEPEST}")


@rule(
    "FSR319",
    "The platform writes them when it exports a connector; on another appliance they are wrong.",
    "Take them out.",
    Scope.READER,
    Severity.WARNING,
)
def nothing_of_an_export_is_left(package: Package) -> Iterator[Found]:
    """info.json has none of the keys that an export adds."""
    for key in ("id", "active", "system", "playbook_collections", "icon_small", "icon_large"):
        if key in package.info:
            yield Found(f"info.json, {key}", shown(package.info[key]))


def _actions(package: Package) -> list[tuple[str, Row]]:
    return [(f"action {action.get('operation')}", action) for action in package.operations]


def _described(where: str, text: Any, name: Any) -> Iterator[Found]:
    if not isinstance(text, str) or len(text.strip()) < 3 * len(str(name or "")):
        yield Found(where, shown(text), f"at least {3 * len(str(name or ''))} letters")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return max(map(_depth, value), default=0) if isinstance(value, list) else 0
