"""The users of the account."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from starlette.responses import Response

from .calls import Call, shown_time
from .lists import page
from .models import User


def list_users(call: Call) -> Response:
    """GET /user."""
    statement = select(User).order_by(User.id)
    if username := call.query.get("username"):
        statement = statement.where(User.username == username)
    return page(call, "user", statement, shown_user)


def shown_user(call: Call, user: User) -> dict[str, Any]:
    """Return the user as the API shows it."""
    contact = {
        "detail": user.username,
        "type": call.url("contact_type", 1),
        "url": call.url("contact", user.id, "contact_info", 1),
    }
    return {
        "contact_info": [contact],
        "created": shown_time(user.created),
        "display_name": user.display_name,
        "roles": [call.url("role", 1)],
        "url": call.url("user", user.id),
        "username": user.username,
    }
