"""What a caller may do: roles give rights on resources, and a request needs some.

Names of resources are those of a capture (7.6.5). Which right a request needs, beyond the four of a module's records,
is assumed: no source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..records.errors import malformed
from ..refusals import Refusal

RIGHTS = ("create", "delete", "execute", "read", "update")
_AREAS = (
    "application connectors contentHub dashboard data_archival files reporting rules schedules security "
    "solutionpacks widgets workflows"
)
_MODULES = (
    "activities agents alerts announcements appliances approvals assets attachments c_v_es campaigns comments "
    "communication companies devices email_templates events fsr_queues hunt incidents indicators keys "
    "leave_schedules managers metafield_templates mitre_groups mitre_mitigations mitre_software "
    "mitre_sub_techniques mitre_tactics mitre_techniques people preprocessing_rules routers saved_reports scans "
    "scenario scripts shifts sla_template tasks tenants threat_actors threat_intel_feeds threat_intel_reports "
    "vulnerabilities warrooms workspaces z_t_p_profiles z_t_p_quick_links"
)
MODULES = frozenset(_MODULES.split())
RESOURCES = tuple(sorted((*_AREAS.split(), *MODULES)))
EVERYTHING = {"*": list(RIGHTS)}
READ_ONLY = {"contentHub"}  # even for an administrator, as captured

# Collections under /api/3 that are no module, by the resource whose rights they need. Reading them is free.
_HELD_BY = {
    **dict.fromkeys(("roles", "teams", "api_keys"), "security"),
    **dict.fromkeys(("workflows", "workflow_collections", "workflow_versions", "workflow_steps"), "workflows"),
    **dict.fromkeys(("picklists", "picklist_names"), "application"),
}
_METHODS = {"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}
_BULK = {
    "insert": ("create",),
    "upsert": ("create", "update"),
    "bulkupsert": ("create", "update"),
    "update": ("update",),
    "delete": ("delete",),
    "delete-with-query": ("delete",),
}
_COLLECTION = re.compile(r"/api/3/([a-z_-]+)(?:/([a-z_0-9-]+))?")
# Other addresses, the first that fits.
_OTHERS = (
    ("POST", r"/api/auth/token/?", "security", "update"),
    ("POST|PUT", r"/api/auth/(users|config)/?", "security", "update"),
    ("POST", r"/(api/)?auth/license/?", "application", "update"),
    ("DELETE", r"/(api/)?gateway/audit/.*", "security", "delete"),
    ("GET|POST", r"/api/3//?utils/log-collect", "security", "read"),  # the guide
    ("POST", r"/api/3/solutionpacks/install", "connectors", "create"),
    ("POST", r"/api/integration/execute/", "connectors", "execute"),
    ("POST", r"/api/integration/configuration/", "connectors", "create"),
    ("PUT", r"/api/integration/(configuration|connectors)/.*", "connectors", "update"),
    ("DELETE", r"/api/integration/(configuration|connectors)/.*", "connectors", "delete"),
    ("POST", r"/api/triggers/.*", "workflows", "execute"),
    ("DELETE", r"/api/wf/api/workflows/.*", "workflows", "delete"),
)
# What an API key is refused whatever its roles: as captured, or as clients met it live.
_NOT_FOR_KEYS = (
    ("GET|POST|PUT|DELETE", r"/(api/)?auth/.*"),
    ("POST|PUT", r"/api/3/(people|appliances|api_keys)(/.*)?"),
)
_BULK_ADDRESS = re.compile(r"/api/3/(insert|update|delete|bulkupsert)/")
Rights = Mapping[str, set[str]]  # by resource


def granted(roles: Iterable[Mapping[str, list[str]]], resource: str) -> set[str]:
    """Return the rights that several roles give on a resource. ``*`` in a role stands for what it does not name."""
    rights = {right for role in roles for right in role.get(resource, role.get("*", []))}
    return rights & {"read"} if resource in READ_ONLY else rights


def shown(rights: Rights) -> dict[str, Any]:
    """Return rights as ``/api/permissions/current`` tells them: exactly these keys."""
    return {
        resource: {"fields": [], **{right: right in rights[resource] for right in RIGHTS}} for resource in RESOURCES
    }


def needed(method: str, path: str) -> list[tuple[str, str]]:
    """Return what a request needs: pairs of a resource and a right."""
    for methods, address, resource, right in _OTHERS:
        if method in methods.split("|") and re.fullmatch(address, path):
            return [(resource, right)]
    if path.startswith("/api/query/"):
        return _on(path.split("/")[3], "read")
    found = _COLLECTION.match(path)
    if not found:
        return []
    name, second = found.groups()
    if name in _BULK:
        return [pair for right in _BULK[name] for pair in _on(second or "", right)]
    return _on(name, _METHODS.get(method, "read"))


def creates(method: str, path: str) -> bool:
    """Tell whether a request makes records of a module, for which a caller must be in a team."""
    return any(right == "create" and resource in MODULES for resource, right in needed(method, path))


def refuse_key(method: str, path: str, bulk_works: bool) -> None:
    """Raise Refusal for what an API key may not do, whatever its roles."""
    if any(method in methods.split("|") and re.fullmatch(address, path) for methods, address in _NOT_FOR_KEYS):
        raise denied("An API key cannot do that.")
    if not bulk_works and _BULK_ADDRESS.match(path):
        raise Refusal(500, {"message": "Invalid credentials."})  # the appliance's words, and its status


def checked(given: Any) -> dict[str, list[str]]:
    """Return a role's rights from the permissions that a client sent; raise Refusal 400 for anything else."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise malformed("modulePermissions must be a list of objects.")
    rights = {}
    for each in given:
        module = each.get("module")
        name = str(module.get("@id") if isinstance(module, dict) else module).rsplit("/", 1)[-1]
        if name not in RESOURCES:
            raise malformed(f"modulePermissions: {name} is no module.")
        rights[name] = [right for right in RIGHTS if each.get(f"can{right.capitalize()}") is True]
    return rights


def denied(message: str) -> Refusal:
    """Say that a caller may not do that; the type is the framework's, the words are our own: no capture."""
    return Refusal(403, {"type": "AccessDeniedHttpException", "message": message})


def _on(name: str, right: str) -> list[tuple[str, str]]:
    if name in MODULES:
        return [(name, right)]
    return [(_HELD_BY[name], right)] if name in _HELD_BY and right != "read" else []
