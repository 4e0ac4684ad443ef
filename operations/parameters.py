"""The parameters of each action, read and checked: what they must mean beyond what their types say."""

from __future__ import annotations

from operator import le
from typing import Any, Dict, Iterator, Mapping, Tuple

from ..clients.fortimonitor.markers import is_correlation_id, looks_like_a_marker
from ..core.errors import InvalidInput, UnknownOperation, shown
from ..core.manifest import choice_operations, operation_forms
from ..core.validation import Rule, read_form
from .watermark import Watermark


def valid_parameters(operation: str, params: Dict[str, Any]) -> Dict[str, Any]:
    """Return the parameters of an operation with every value in its type; blank optional ones are left out.

    Raises UnknownOperation, or InvalidInput with every problem.
    """
    if params is not None and not isinstance(params, dict):
        raise InvalidInput("They must be an object of names and values.")
    form, given = operation_forms().get(operation), params or {}
    if form is None:
        known = f"Its operations are: {', '.join(operation_forms())}."
        raise UnknownOperation(f"This connector has no operation {shown(operation)}", known)
    values, problems = read_form(form, given, RULES.get(operation, ()), SHAPES.get(operation, {}))
    # An operation that fills the choices of a form's field is handed the values of that form's other fields too.
    if not given.keys() <= form.titles.keys() and operation not in choice_operations():
        problems = [*_unknown_names(form.titles, given), *problems]
    if problems:
        raise InvalidInput(*problems)
    return values


def _unknown_names(names: Mapping[str, str], given: Mapping[str, Any]) -> Iterator[str]:
    from difflib import get_close_matches

    for key in given:
        if key not in names:
            close = get_close_matches(str(key), names, 1, 0.75)
            others = f"the parameters are: {', '.join(names)}." if names else "this action has none."
            hint = f"'{close[0]}' comes close." if close else others
            yield f"There is no parameter {shown(key)}; {hint}"


def _only_scalars(members: Mapping[str, Any]) -> None:
    """Refuse what cannot stand in a text or a URL."""
    nested = [shown(key) for key, value in members.items() if isinstance(value, (dict, list))]
    if nested:
        raise ValueError(", ".join(nested))


LINE = "{0} {shown} is not one line of at most 200 characters without brackets."
SCALARS = "{0} has a value that is not text, a number, true, false or null: {fault}."
PERIOD = "{0} must not be later than {1}."
CORRELATION_ID = (is_correlation_id, LINE, ("correlation_id",))
DESCRIPTION = (
    lambda text: not looks_like_a_marker(text),
    "{0} must not contain '[correlation_id:'; use Correlation ID.",
    ("description",),
)
METADATA = (
    (_only_scalars, SCALARS, ("metadata",)),
    (
        lambda members: "correlation_id" not in members,
        "{0} must not have the key 'correlation_id'; use Correlation ID.",
        ("metadata",),
    ),
)
QUERY = (_only_scalars, SCALARS, ("query",))
TIME = (le, PERIOD, ("time_from", "time_to"))
WATERMARK = "{0} {shown} is not one that this action returned, such as 1700000000000."
RULES: Dict[str, Tuple[Rule, ...]] = {
    "create_custom_incident": (DESCRIPTION, *METADATA, CORRELATION_ID),
    "force_resolve_incident": ((is_correlation_id, LINE, ("expect_correlation_id",)),),
    "list_fortimonitor_incidents": ((le, PERIOD, ("started_after", "started_before")),),
    "update_fortimonitor_incident_description": (DESCRIPTION,),
    "make_fortimonitor_api_request": (QUERY,),
    "list_siem_incidents": (TIME,),
    "get_siem_incident_events": (TIME,),
    "make_fortisiem_api_request": (QUERY,),
    "escalate_siem_incident": (DESCRIPTION, CORRELATION_ID),
    "close_incident": (CORRELATION_ID,),
    "get_incident_state": (CORRELATION_ID,),
    "fetch_incidents": ((Watermark.parse, WATERMARK, ("watermark",)),),
}
ITEMS = ("a JSON list of 1 to 1000 items", '{"type": "array", "minItems": 1, "maxItems": 1000}')
SHAPES = {name: {"items": ITEMS} for name in ("update_siem_incidents", "force_resolve_incidents")}
