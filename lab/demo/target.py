"""What the tour points the connector at: the lab's own products, or real ones that a file names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..connector import configuration_values
from ..errors import LabError
from ..given import json_object_file

OBJECTS = ("server", "plugin_textkey", "resource_textkey", "siem_incident_id")
FORTIMONITOR_NEEDS = ("fortimonitor_api_key", "server", "plugin_textkey", "resource_textkey")
FORTISIEM_NEEDS = ("fortisiem_server", "siem_incident_id")
PASSWORD_NEEDS = ("fortisiem_username", "fortisiem_password")
OFF = "Off"
API_TOKEN = "API Token"  # noqa: S105 - the name of a way to log in
TOKEN_NEEDS = ("fortisiem_client_id", "fortisiem_client_secret")


@dataclass(frozen=True)
class Target:
    """A configuration of the connector, and the objects to try it on.

    Parameters:
        real: whether these are somebody's real systems.
        configuration: the connector's configuration values.
        server: id, name or FQDN of the FortiMonitor server; None leaves FortiMonitor out.
        siem_incident_id: the FortiSIEM incident; None leaves FortiSIEM out.
    """

    real: bool
    configuration: dict[str, Any]
    server: str | None
    plugin_textkey: str | None
    resource_textkey: str | None
    siem_incident_id: str | None

    @property
    def siem_readable(self) -> bool:
        """Whether FortiSIEM can be read past the connector.

        A FortiSIEM 8.0 was seen to give one token per API client: taking it would leave the connector none.
        """
        return self.siem_incident_id is not None and self.configuration.get("fortisiem_sign_in") != API_TOKEN


def lab_target(ready: Mapping[str, Any]) -> Target:
    """Return the lab's own products, from its ready line."""
    return Target(
        real=False,
        configuration=configuration_values(dict(ready)),
        server=str(ready["fortimonitor"]["server_id"]),
        plugin_textkey=ready["fortimonitor"]["plugin_textkey"],
        resource_textkey=ready["fortimonitor"]["resource_textkey"],
        siem_incident_id=str(ready["fortisiem"]["incident_id"]),
    )


def real_target(path: Path) -> Target:
    """Read real systems from a file.

    Raises: LabError naming what is wrong with the file.
    """
    values = json_object_file(path)
    fortimonitor = values.get("fortimonitor_sign_in") != OFF
    fortisiem = values.get("fortisiem_sign_in", OFF) != OFF
    if not (fortimonitor or fortisiem):
        raise LabError(f"{path} switches both FortiMonitor and FortiSIEM off.")
    login = TOKEN_NEEDS if values.get("fortisiem_sign_in") == API_TOKEN else PASSWORD_NEEDS
    needed = (FORTIMONITOR_NEEDS if fortimonitor else ()) + (FORTISIEM_NEEDS + login if fortisiem else ())
    if missing := [key for key in needed if values.get(key) in (None, "")]:
        raise LabError(f"{path} does not say {', '.join(missing)}.")
    objects = {key: values.pop(key, None) for key in OBJECTS}
    incident_id = str(objects["siem_incident_id"])
    if fortisiem and not incident_id.isdecimal():
        raise LabError(f"{path}: siem_incident_id must be a whole number.")
    return Target(
        real=True,
        configuration=values,
        server=str(objects["server"]) if fortimonitor else None,
        plugin_textkey=objects["plugin_textkey"],
        resource_textkey=objects["resource_textkey"],
        siem_incident_id=incident_id if fortisiem else None,
    )
