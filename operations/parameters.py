"""The parameters of each action, read and checked: what they must mean beyond what their types say."""

from __future__ import annotations

from operator import le
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..clients.context import Context
from ..clients.fortimonitor.markers import is_correlation_id, written_marker
from ..core.errors import InvalidInput, UnknownOperation, shown
from ..core.manifest import choice_operations, operation_forms
from ..core.source_ids import read_source_id
from ..core.texts import names_something, survivors
from ..core.validation import Rule, read_form
from ..core.values import folded, whole_number
from .watermark import Watermark


def valid_parameters(
    operation: str, params: Any, ignored: Optional[List[str]] = None, context: Optional[Context] = None
) -> Dict[str, Any]:
    """Return the parameters of an operation with every value in its type; blank optional ones are left out.

    An empty list stands for none: steps of playbooks carry ``params: []``.

    Parameters:
        ignored: gets a sentence for each parameter that the operation does not have, as a cloned playbook may pass what
            an earlier version had; default: it is refused. One whose name comes close to another's always is.
        context: whose servers the incidents must be of; default: what names an incident stays as it is given.

    Raises UnknownOperation, or InvalidInput with every problem; ProductNotConfigured for the Source ID of an incident
        whose product is switched off.
    """
    if params and not isinstance(params, dict):
        raise InvalidInput("They must be an object of names and values.")
    form, given = operation_forms().get(str(operation)), _in_plain_text(str(operation), params or {})
    if form is None:
        known = f"Its operations are: {', '.join(operation_forms())}."
        raise UnknownOperation(f"This connector has no operation {shown(operation)}", known)
    values, problems = read_form(form, given, RULES.get(operation, ()), SHAPES.get(operation, {}))
    if context is not None:
        problems += _foreign_incidents(context, form.titles, values)
    if operation in choice_operations():
        # It is handed the fields of a form as they stand. A blank one is told apart from one that the form has not.
        values.update((name, "") for name in form.titles.keys() & given.keys() - values.keys())
    elif not given.keys() <= form.titles.keys():
        misspelt, unknown = _unknown_names(form.titles, given)
        if problems or misspelt or ignored is None:
            problems = [*misspelt, *unknown, *problems]
        else:
            ignored += unknown
    if problems:
        raise InvalidInput(*problems)
    return values


def _in_plain_text(operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters whose texts are without HTML, unless they are to go out as they are.

    It comes before all checks: what tags hide must not pass them.
    """
    if AS_IT_IS in str(given.get("text_format")):
        return given
    texts = [name for name in RICH_TEXTS.get(operation, ()) if isinstance(given.get(name), str) and "<" in given[name]]
    if not texts:
        return given
    from ..core.plain_text import plain_text  # at first use: few texts need it

    return {**given, **{name: plain_text(given[name]) for name in texts}}


def _unknown_names(names: Mapping[str, str], given: Mapping[str, Any]) -> Tuple[List[str], List[str]]:
    """Return a sentence for each name with a value that comes close to another one's, and for each other one."""
    from difflib import get_close_matches

    misspelt, unknown = [], []
    others = f"the parameters are: {', '.join(names)}." if names else "this action has none."
    for key, value in given.items():
        close = [] if key in names or value in BLANK else get_close_matches(str(key), names, 1, 0.75)
        if close:
            misspelt.append(f"There is no parameter {shown(key)}; '{close[0]}' comes close.")
        elif key not in names and value not in BLANK:
            unknown.append(f"There is no parameter {shown(key)}; {others}")
    more = len(unknown) - MOST_UNKNOWN
    return misspelt, unknown if more <= 0 else [*unknown[:MOST_UNKNOWN], f"There are {more} more that do not exist."]


def _foreign_incidents(context: Context, titles: Mapping[str, str], values: Dict[str, Any]) -> List[str]:
    """Put the ID in place of each Source ID; return a sentence for each value that names no incident of the context."""
    problems = []
    for name, product in INCIDENTS.items():
        if name not in values:
            continue
        product = values.get("source", product)  # an action for both products says of which one the incident is
        try:
            incident_id = _own_id(context, product, values[name])
            values[name] = incident_id if product == "FortiMonitor" else _siem_id(incident_id)
        except ValueError as error:
            problems.append(f"{titles[name]} {error}.")
    return problems


def _own_id(context: Context, product: str, text: str) -> str:
    """Return the ID of a Source ID, any other text as it is. Raises ValueError where it is another server's."""
    source_id = read_source_id(text)
    if source_id is None:
        return text
    if source_id.product != product.lower():
        raise ValueError(f"'{text}' is not of {product}: it is the Source ID of an incident of another product")
    client = context.fortisiem if product == "FortiSIEM" else context.fortimonitor
    if not client.is_at(source_id.server):
        raise ValueError(
            f"'{text}' is of {product} at {source_id.server}, and this configuration's {product} is "
            f"{client.authority}: choose the configuration that owns it"
        )
    return source_id.incident_id


def _siem_id(text: str) -> int:
    number = whole_number(text)
    if number is None or number < 1:
        raise ValueError(f"{shown(text)} is not an ID such as 42, or a Source ID such as fortisiem:siem.example.com:42")
    return number


def _only_scalars(members: Mapping[str, Any]) -> None:
    """Refuse what cannot stand in a text or a URL."""
    nested = [shown(key) for key, value in members.items() if isinstance(value, (dict, list))]
    if nested:
        raise ValueError(", ".join(nested))


MOST_UNKNOWN = 5  # names that are told
BLANK: Tuple[Any, ...] = (None, "", [], {})
MARKER_KEY = folded("correlation_id")


def _no_marker(text: str) -> None:
    """Refuse what could be taken for a marker: it decides which incident is touched."""
    found = written_marker(text)
    if found:
        raise ValueError(shown(found))


def _no_marker_key(members: Mapping[str, Any]) -> None:
    found = [shown(key) for key in members if folded(survivors(key)) == MARKER_KEY]
    if found:
        raise ValueError(", ".join(found))


def _correlation_id(name: str) -> Tuple[Rule, ...]:
    return ((is_correlation_id, LINE, (name,)), (names_something, NO_VALUE, (name,)))


LINE = "{0} {shown} is not one line of at most 200 characters without brackets."
NO_VALUE = "{0} {shown} is what an expression without a value renders to."
SCALARS = "{0} has a value that is not text, a number, true, false or null: {fault}."
PERIOD = "{0} must not be later than {1}."
DESCRIPTION = (_no_marker, "{0} must not contain {fault}; use Correlation ID.", ("description",))
METADATA = (
    (_only_scalars, SCALARS, ("metadata",)),
    (_no_marker_key, "{0} must not have the key {fault}; use Correlation ID.", ("metadata",)),
)
QUERY = (_only_scalars, SCALARS, ("query",))
TIME = (le, PERIOD, ("time_from", "time_to"))
WATERMARK = "{0} {shown} is not one that this action returned, such as 1700000000000."
RULES: Dict[str, Tuple[Rule, ...]] = {
    "create_custom_incident": (DESCRIPTION, *METADATA, *_correlation_id("correlation_id")),
    "force_resolve_incident": _correlation_id("expect_correlation_id"),
    "list_fortimonitor_incidents": ((le, PERIOD, ("started_after", "started_before")),),
    "update_fortimonitor_incident_description": (DESCRIPTION,),
    "make_fortimonitor_api_request": (QUERY,),
    "list_siem_incidents": (TIME,),
    "get_siem_incident_events": (TIME,),
    "make_fortisiem_api_request": (QUERY,),
    "escalate_siem_incident": (DESCRIPTION, *_correlation_id("correlation_id")),
    "close_incident": _correlation_id("correlation_id"),
    "get_incident_state": _correlation_id("correlation_id"),
    "fetch_incidents": ((Watermark.parse, WATERMARK, ("watermark",)),),
}
# What may come from a record's rich text field, and is read by people.
AS_IT_IS = "As It Is"
RICH_TEXTS: Dict[str, Tuple[str, ...]] = {
    "create_custom_incident": ("description",),
    "force_resolve_incident": ("reason",),
    "add_fortimonitor_incident_note": ("note",),
    "acknowledge_fortimonitor_incident": ("message",),
    "update_fortimonitor_incident_description": ("description",),
    "set_fortimonitor_incident_summary": ("summary",),
    "broadcast_fortimonitor_incident": ("message",),
    "update_siem_incident": ("comments",),
    "clear_siem_incident": ("reason",),
    "comment_siem_incident": ("comment",),
    "escalate_siem_incident": ("description", "comments"),
    "close_incident": ("reason",),
}
# The parameters that name an incident, and of which product, in whatever operation.
INCIDENTS = {"incident_id": "FortiSIEM", "incident": "FortiMonitor"}
ITEMS = ("a JSON list of 1 to 1000 items", '{"type": "array", "minItems": 1, "maxItems": 1000}')
SHAPES = {name: {"items": ITEMS} for name in ("update_siem_incidents", "force_resolve_incidents")}
