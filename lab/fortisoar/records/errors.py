"""How the record API says no: ``{"type", "message"}``, as captured for a wrong picklist value (8.0).

The types of the other refusals are those of the framework the appliance is built on: assumed, no source.
"""

from __future__ import annotations

from ..refusals import Refusal


def _refusal(status: int, type: str, message: str) -> Refusal:
    return Refusal(status, {"type": type, "message": message})


def not_found(what: str) -> Refusal:
    """Say that there is no such module or record."""
    return _refusal(404, "NotFoundHttpException", f"{what} was not found.")


def malformed(message: str) -> Refusal:
    """Say what is wrong with a request."""
    return _refusal(400, "BadRequestHttpException", message)


def unexpected_value(message: str) -> Refusal:
    """Say what is wrong with a value."""
    return _refusal(400, "UnexpectedValueException", message)


def not_in_picklist(field: str, picklist: str) -> Refusal:
    """Say, in the appliance's words, that a value is no item of the field's picklist."""
    return unexpected_value(
        f'FSR_CH_0000001 : The "{field}" field is required to have a value from the "{picklist}" picklist. However, '
        "the provided value does not match any of the options listed in the specified picklist."
    )


def not_storable(sign: str) -> Refusal:
    """Say in PostgreSQL's words, as the framework passes them on, that it does not take a character."""
    code = "0x" + " 0x".join(f"{byte:02x}" for byte in sign.encode("utf-8", "surrogatepass"))
    return _refusal(
        500,
        "DriverException",
        "An exception occurred while executing a query: SQLSTATE[22021]: Character not in repertoire: 7 ERROR:  "
        f'invalid byte sequence for encoding "UTF8": {code}',
    )


def conflict(module: str, columns: str, value: str) -> Refusal:
    """Say that a unique value is taken."""
    return _refusal(
        409,
        "UniqueConstraintViolationException",
        f"A record with the same value for the unique fields already exists in {module}: {columns} = {value}",
    )


def not_allowed(message: str) -> Refusal:
    """Say that an address exists, but not for this method."""
    return _refusal(405, "MethodNotAllowedHttpException", message)
