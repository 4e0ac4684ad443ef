"""Rules of forms: the configuration's and each action's, with what depends on a choice."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from .package import Package, Row, choices, options_of, said
from .rules import OFFICIAL, Found, Scope, Severity, rule, shown

TYPES = {
    "text", "textarea", "integer", "decimal", "datetime", "date", "select", "multiselect", "checkbox", "password",
    "json", "object", "file", "richtext", "html", "email", "phone", "domain", "filehash", "ipv4", "ipv6", "url",
    "apiOperation",
}  # fmt: skip
ALWAYS = ("required", "editable", "visible")
KEYS = {
    "name", "title", "type", *ALWAYS, "description", "tooltip", "value", "placeholder", "options", "onchange",
    "isOnChange", "onChangeParam", "onChangeOption", "validation", "apiOperation", "apiOnchange", "renderer_type",
    "visible_onchange", "_select", "required_onchange", "mode", "dataSource", "templateUrl", "length", "parameters",
}  # fmt: skip
CHOSEN = {"select", "multiselect"}
SECRET = re.compile(
    r"passw|passphrase|secret|api_?key$|private_?key|access_?key$|^token$|(auth|access|api|bearer)_?token$"
)


@rule("FSR401", OFFICIAL, "Give the field its name, title and type.", Scope.OFFICIAL)
def fields_have_name_title_and_type(package: Package) -> Iterator[Found]:
    """Each field has a name, a title and a type."""
    for where, field in package.fields():
        for key in ("name", "title", "type"):
            if not isinstance(field.get(key), str) or not field[key].strip():
                yield Found(f"{where}, {key}", shown(field.get(key)))


@rule("FSR402", OFFICIAL, "Take one of the types.", Scope.OFFICIAL)
def field_types_are_known(package: Package) -> Iterator[Found]:
    """Each field has a type that FortiSOAR draws."""
    for where, field in package.fields():
        if isinstance(field.get("type"), str) and field["type"].strip() and field["type"] not in TYPES:
            yield Found(f"{where}, type", shown(field["type"]), _near(field["type"], TYPES))


@rule("FSR403", OFFICIAL, "Describe the field; the documentation is made of it.", Scope.OFFICIAL)
def fields_are_described(package: Package) -> Iterator[Found]:
    """Each field has a description."""
    for where, field in package.fields():
        if not isinstance(field.get("description"), str) or not field["description"].strip():
            yield Found(f"{where}, description", shown(field.get("description")))


@rule(
    "FSR404",
    "FortiSOAR ignores keys it does not know; toolip, decription and descriptions were found in published connectors.",
    "Correct the key.",
    Scope.APPLIANCE,
)
def field_keys_are_known(package: Package) -> Iterator[Found]:
    """Fields have no misspelt keys."""
    for where, field in package.fields():
        for key in sorted(set(field) - KEYS):
            near = difflib.get_close_matches(key, KEYS, 1, 0.8)
            if near:
                yield Found(f"{where}, {key}", key, near[0])


@rule(
    "FSR405",
    "All 29,066 fields of 711 connectors have them; the forms rely on it.",
    "Write true or false.",
    Scope.APPLIANCE,
)
def fields_say_how_they_are_shown(package: Package) -> Iterator[Found]:
    """Each field says whether it is required, editable and visible."""
    for where, field in package.fields():
        for key in ALWAYS:
            if not isinstance(field.get(key), bool):
                yield Found(f"{where}, {key}", shown(field.get(key)), "true or false")


@rule(
    "FSR406",
    "The list stays empty, and a required field cannot be filled.",
    "Give options or an apiOperation.",
    Scope.APPLIANCE,
)
def lists_have_choices(package: Package) -> Iterator[Found]:
    """Each select has options, or an action that returns them."""
    for where, field in package.fields():
        if said(field, "type") in CHOSEN and not field.get("options") and not field.get("apiOperation"):
            yield Found(f"{where}, options", shown(field.get("options")))


@rule(
    "FSR407",
    "The form shows no choice, and sends a value that the action does not know.",
    "Take one of the options.",
    Scope.APPLIANCE,
)
def defaults_are_among_theoptions_of(package: Package) -> Iterator[Found]:
    """The default of a select is one of its options."""
    for where, field in package.fields():
        if said(field, "type") in CHOSEN and field.get("options") and field.get("value") not in (None, "", []):
            value, options = field["value"], options_of(field)
            for each in value if isinstance(value, list) else [value]:
                if each not in options:
                    yield Found(f"{where}, value", shown(each), shown(", ".join(map(str, options))))


@rule(
    "FSR408",
    "The checkbox shows another state than the action gets.",
    "Write true or false without quotes.",
    Scope.APPLIANCE,
)
def checkboxes_default_to_a_boolean(package: Package) -> Iterator[Found]:
    """The default of a checkbox is true or false."""
    for where, field in package.fields():
        if (
            said(field, "type") == "checkbox"
            and field.get("value") not in (None, "")
            and not isinstance(field["value"], bool)
        ):
            yield Found(f"{where}, value", shown(repr(field["value"])), "true or false")


@rule(
    "FSR409",
    "Of two values with one name, one is lost.",
    "Rename one, or show each under an option of its own.",
    Scope.APPLIANCE,
)
def field_names_are_unique(package: Package) -> Iterator[Found]:
    """No two fields that can be shown together have one name."""
    for form, fields in package.forms():
        seen: set[str] = set()
        for name in _together(fields):
            if name in seen:
                yield Found(f"{form}, field {name}", shown(name))
            seen.add(name)


@rule(
    "FSR410",
    "What depends on an option that does not exist is never shown.",
    "Name the option as it is.",
    Scope.OFFICIAL,
)
def what_depends_on_a_choice_can_be_shown(package: Package) -> Iterator[Found]:
    """Each key of onchange is an option of its field."""
    for where, field in package.fields():
        if said(field, "type") == "checkbox":
            allowed: list[Any] = ["true", "false"]
        elif field.get("options"):
            allowed = [str(option) for option in options_of(field)]
        else:
            continue
        for option, _ in choices(field):
            if option not in allowed:
                yield Found(f"{where}, onchange", shown(option), shown(", ".join(allowed)))


@rule(
    "FSR411",
    "A text in place of the list stops the official checks, and the form.",
    "Write a list of fields.",
    Scope.OFFICIAL,
)
def onchange_leads_to_fields(package: Package) -> Iterator[Found]:
    """Each option of onchange leads to a list of fields."""
    for where, field in package.fields():
        shown_below = field.get("onchange")
        if shown_below is None or shown_below == "":
            continue
        if not isinstance(shown_below, dict):
            yield Found(f"{where}, onchange", shown(shown_below), "an object")
            continue
        for option, children in shown_below.items():
            if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
                yield Found(f"{where}, onchange, {option}", shown(children), "a list of fields")


@rule("FSR412", "The wizard sends these two itself, beside the configuration.", "Rename the field.", Scope.APPLIANCE)
def configuration_leaves_reserved_names(package: Package) -> Iterator[Found]:
    """No field of the configuration is called name or default."""
    for where, field in package.fields():
        if where.startswith("configuration") and said(field, "name") in {"name", "default"}:
            yield Found(where, shown(field["name"]))


@rule("FSR413", "The list of choices stays empty.", "Name an action of this connector.", Scope.APPLIANCE)
def choices_come_from_an_action(package: Package) -> Iterator[Found]:
    """Each apiOperation is an action of the connector."""
    known = [str(action.get("operation")) for action in package.operations]
    for where, field in package.fields():
        if field.get("apiOperation") and str(field["apiOperation"]) not in known:
            yield Found(
                f"{where}, apiOperation", shown(field["apiOperation"]), _near(str(field["apiOperation"]), known)
            )


@rule("FSR414", "Other types are stored and shown as they are.", "Make it a password.", Scope.APPLIANCE)
def secrets_are_passwords(package: Package) -> Iterator[Found]:
    """Fields of the configuration that hold a secret are passwords."""
    for where, field in package.fields():
        name = str(field.get("name") or "").lower()
        if where.startswith("configuration") and said(field, "type") in {"text", "textarea"} and SECRET.search(name):
            yield Found(f"{where}, type", shown(field["type"]), "password")


@rule("FSR415", "A secret in info.json is known to everybody.", "Take the default away.", Scope.APPLIANCE)
def secrets_have_no_default(package: Package) -> Iterator[Found]:
    """Passwords have no default."""
    for where, field in package.fields():
        if said(field, "type") == "password" and field.get("value") not in (None, ""):
            yield Found(f"{where}, value", "a text that is not shown here")


@rule(
    "FSR416",
    "Of 53 password fields of official connectors none lies deeper, or below a checkbox: that FortiSOAR encrypts it "
    "there is not known.",
    "Show it directly under an option of a select.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def secrets_do_not_lie_deep(package: Package) -> Iterator[Found]:
    """Passwords lie at the top, or one level below a select."""
    for field in package.configuration:
        for option, children in choices(field):
            for child in children:
                if said(child, "type") == "password" and said(field, "type") != "select":
                    yield Found(f"configuration, field {child.get('name')}", f"below {field.get('name')}: {option}")
                yield from _deeper(child)


@rule("FSR417", "It can never be filled.", "Show it, or give it a default.", Scope.APPLIANCE)
def hidden_fields_are_not_required(package: Package) -> Iterator[Found]:
    """A required field that is not shown has a default."""
    for where, field in package.fields():
        if field.get("required") is True and field.get("visible") is False and field.get("value") in (None, ""):
            yield Found(where, "required, not visible, without a default")


@rule("FSR418", "No field below one that is not shown can be reached.", "Show the field above it.", Scope.APPLIANCE)
def fields_can_be_reached(package: Package) -> Iterator[Found]:
    """Nothing depends on a field that is not shown."""
    for where, field in package.fields():
        if field.get("visible") is False and any(children for _, children in choices(field)):
            yield Found(where, "not visible, with onchange")


@rule(
    "FSR419",
    "A form that takes nothing, or everything, is not what was meant.",
    "Correct the limits or the pattern.",
    Scope.APPLIANCE,
)
def validation_makes_sense(package: Package) -> Iterator[Found]:
    """Patterns can be compiled, and lower limits are not above upper ones."""
    for where, field in package.fields():
        validation = field.get("validation")
        if not isinstance(validation, dict):
            continue
        low, high = validation.get("minlength"), validation.get("maxlength")
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield Found(f"{where}, validation", f"{low} to {high}")
        try:
            re.compile(str(validation.get("pattern") or ""))
        except re.error as error:
            yield Found(f"{where}, validation, pattern", shown(str(error)))


@rule(
    "FSR420",
    "In a playbook the value is Jinja until it runs; a pattern that does not let it through blocks the designer.",
    "Begin the pattern with ^({{.*}}|...",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def patterns_let_jinja_through(package: Package) -> Iterator[Found]:
    """Patterns of actions' fields let Jinja through."""
    for where, field in package.fields():
        pattern = field["validation"].get("pattern") if isinstance(field.get("validation"), dict) else None
        if where.startswith("action") and pattern:
            try:
                lets = re.search(str(pattern), "{{vars.input.params.value}}")
            except re.error:
                continue
            if not lets:
                yield Found(f"{where}, validation, pattern", shown(pattern))


@rule("FSR421", "Whoever takes the default sends credentials in the clear.", "Write https.", Scope.APPLIANCE)
def default_addresses_are_https(package: Package) -> Iterator[Found]:
    """Default addresses begin with https."""
    for where, field in package.fields():
        if isinstance(field.get("value"), str) and field["value"].startswith("http://"):
            yield Found(f"{where}, value", shown(field["value"]), "https://...")


@rule(
    "FSR422",
    "38 of 46 official connectors verify certificates unless that is switched off.",
    "Set its default to true.",
    Scope.READER,
    Severity.WARNING,
)
def certificates_are_verified_by_default(package: Package) -> Iterator[Found]:
    """A switch for verifying certificates is on by default."""
    for where, field in package.fields():
        named = said(field, "name") in {"verify_ssl", "verify", "verify_certificate"} and where.startswith(
            "configuration"
        )
        if named and field.get("value") is not True:
            yield Found(f"{where}, value", shown(repr(field.get("value"))), "true")


@rule(
    "FSR423", "What must be filled is found first.", "Put it above the optional fields.", Scope.READER, Severity.WARNING
)
def required_fields_come_first(package: Package) -> Iterator[Found]:
    """In the form of an action, required fields come before optional ones."""
    for form, fields in package.forms():
        optional = ""
        for field in fields if form != "configuration" else []:
            if not field.get("required"):
                optional = optional or str(field.get("name"))
            elif optional:
                yield Found(f"{form}, field {field.get('name')}", f"behind {optional}")
                break


@rule(
    "FSR424",
    "The designer shows both, one below the other.",
    "Say in few words what to enter.",
    Scope.READER,
    Severity.WARNING,
)
def tooltips_say_something_of_their_own(package: Package) -> Iterator[Found]:
    """A tooltip is not the description."""
    for where, field in package.fields():
        if field.get("tooltip") and field["tooltip"] == field.get("description"):
            yield Found(f"{where}, tooltip", shown(field["tooltip"]))


@rule(
    "FSR425",
    "It occurs in no published connector, so what an appliance does is not known.",
    "Take it out.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def choices_are_not_asked_for_again(package: Package) -> Iterator[Found]:
    """No field has apiOnchange."""
    for where, field in package.fields():
        if "apiOnchange" in field:
            yield Found(f"{where}, apiOnchange", shown(repr(field["apiOnchange"])))


@rule(
    "FSR426", "The form shows another number than the action gets.", "Write the number without quotes.", Scope.APPLIANCE
)
def integers_default_to_a_number(package: Package) -> Iterator[Found]:
    """The default of an integer is one."""
    for where, field in package.fields():
        value = field.get("value")
        if said(field, "type") == "integer" and value not in (None, "") and type(value) is not int:
            yield Found(f"{where}, value", shown(repr(value)), "a number")


@rule("FSR427", "The analyst cannot tell them apart.", "Leave one.", Scope.APPLIANCE)
def options_are_unique(package: Package) -> Iterator[Found]:
    """No two options of a field are equal."""
    for where, field in package.fields():
        options = options_of(field)
        for option in sorted({str(each) for each in options if options.count(each) > 1}):
            yield Found(f"{where}, options", shown(option))


def _together(fields: list[Row]) -> Iterator[str]:
    """Return the names of fields that can be shown at once: of the options of one field, each name counts once."""
    for field in fields:
        yield str(field.get("name"))
        below = [list(_together(children)) for _, children in choices(field)]
        most = {name: max(names.count(name) for names in below) for names in below for name in names}
        for name, times in most.items():
            yield from [name] * times


def _deeper(field: Row) -> Iterator[Found]:
    for option, children in choices(field):
        for child in children:
            if said(child, "type") == "password":
                yield Found(f"configuration, field {child.get('name')}", f"below {field.get('name')}: {option}")
            yield from _deeper(child)


def _near(value: str, allowed: Any) -> str:
    return next(iter(difflib.get_close_matches(value, sorted(allowed), 1)), "") or "one that exists"
