"""The people of the account: users, who can sign in, and contacts, who are only alerted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute
from starlette.responses import Response

from .answers import listing, not_found
from .calls import ID, Call, shown_time
from .fields import Field
from .lists import page
from .models import Person


def list_users(call: Call) -> Response:
    """GET /user."""
    return page(call, "user", _found(call, "user", "username", Person.username), shown_person)


def get_user(call: Call) -> Response:
    """GET /user/{person_id}."""
    return listing(shown_person(call, _named(call, "user")))


def list_contacts(call: Call) -> Response:
    """GET /contact."""
    return page(call, "contact", _found(call, "contact", "name", Person.display_name), shown_person)


def get_contact(call: Call) -> Response:
    """GET /contact/{person_id}."""
    return listing(shown_person(call, _named(call, "contact")))


def shown_person(call: Call, person: Person) -> dict[str, Any]:
    """Return the user or contact as the API shows it."""
    contact_info = {
        "detail": person.username,
        "type": call.url("contact_type", 1),
        "url": call.url("contact", person.id, "contact_info", 1),
    }
    if person.kind == "contact":
        # What the POST form takes, besides what a user shows (assumed: no source for a contact's fields).
        return {
            "contact_info": [contact_info],
            "name": person.display_name,
            "timezone": call.url("timezone", 1),
            "url": person_url(call, person),
        }
    return {
        "contact_info": [contact_info],
        "created": shown_time(person.created),
        "display_name": person.display_name,
        "roles": [call.url("role", 1)],
        "url": person_url(call, person),
        "username": person.username,
    }


def person_url(call: Call, person: Person) -> str:
    """Return the URL of a user or contact."""
    return call.url(person.kind, person.id)


def who_if_required(call: Call, field: Field) -> Field:
    """Return the field as it is where a summary or a log entry says who wrote it."""
    return replace(field, required=call.switches["who_required"])


def _person(call: Call, value: Any) -> Person:
    for person in call.session.scalars(select(Person)):
        if person_url(call, person) == value:
            return person
    raise ValueError


def _user(call: Call, value: Any) -> Person:
    person = _person(call, value)
    if person.kind != "user":
        raise ValueError
    return person


# That a wrong one is refused with 400 is assumed: no source.
WHO = Field("a valid user or contact URL", _person, required=True)
USER = Field("a valid user URL", _user, required=True)


def _found(call: Call, kind: str, parameter: str, column: InstrumentedAttribute[str]) -> Select[Person]:
    statement = select(Person).where(Person.kind == kind).order_by(Person.id)
    if not (wanted := call.query.get(parameter)):
        return statement
    contained = call.switches["people_match"] == "contains"
    return statement.where(column.icontains(wanted, autoescape=True) if contained else column == wanted)


def _named(call: Call, kind: str) -> Person:
    text = call.path["person_id"]
    person = call.session.get(Person, int(text)) if ID.fullmatch(text) else None
    if person is None or person.kind != kind:
        raise not_found()
    return person
