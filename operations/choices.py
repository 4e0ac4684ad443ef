"""What the drop-downs of the forms offer: hidden operations, which FortiSOAR calls with the form as it stands.

So what they are handed is text that somebody typed, nothing, or an expression, and most of it is about other fields.
"""

from __future__ import annotations

from typing import Any, Dict, List

from ..clients.context import Context
from ..core.errors import attempting
from ..core.texts import names_something
from . import results
from .fortimonitor import textkeys_of

Choice = Dict[str, str]


def list_server_choices(context: Context, params: Dict[str, Any]) -> List[Choice]:
    """Return all servers of FortiMonitor."""
    with attempting("list servers"):
        return [_shown(results.server(server)) for server in context.fortimonitor.servers()]


def list_user_choices(context: Context, params: Dict[str, Any]) -> List[Choice]:
    """Return all users of FortiMonitor."""
    with attempting("list users"):
        return [_shown(results.user(user)) for user in context.fortimonitor.users()]


def list_plugin_textkey_choices(context: Context, params: Dict[str, Any]) -> List[Choice]:
    """Return the plugin textkeys of the chosen server, of all types of resources where the form has no server."""
    if _is_open(params, "server"):
        return []
    categories: Dict[str, str] = {}
    for pair in textkeys_of(context, params):
        categories.setdefault(pair.plugin_textkey, pair.category)
    return [_choice(textkey, category) for textkey, category in categories.items()]


def list_resource_textkey_choices(context: Context, params: Dict[str, Any]) -> List[Choice]:
    """Return the resource textkeys that stand with the chosen plugin textkey, of the same server or types."""
    if _is_open(params, "server", "plugin_textkey"):
        return []
    plugin = params.get("plugin_textkey")
    labels: Dict[str, str] = {}
    for pair in textkeys_of(context, params):
        if plugin in (None, pair.plugin_textkey):
            labels.setdefault(pair.resource_textkey, pair.label)
    return [_choice(textkey, label) for textkey, label in labels.items()]


def _is_open(params: Dict[str, Any], *names: str) -> bool:
    """Tell whether one of the form's fields is still blank, or an expression, which only a run gives a value."""
    return any(name in params and not names_something(params[name]) for name in names)


def _shown(row: results.Result) -> Choice:
    return {name: row[name] for name in ("title", "value")}


def _choice(value: str, about: str) -> Choice:
    return {"title": f"{value} ({about})" if about else value, "value": value}
