"""One action, run through FortiSOAR's API in a lab."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .client import FortiSoarClient, execution
from .connector import NAME, built_archive, configuration_values
from .errors import LabError
from .names import unknown

CONFIGURATION = "Lab"


def run_action(action: str, params: dict[str, Any], ready: dict[str, Any], configuration: str | None) -> dict[str, Any]:
    """Run an action and return FortiSOAR's envelope.

    Parameters:
        ready: the ready line of a running lab.
        configuration: the name of an existing configuration; None uses the lab's own, which is created if absent.
    Raises: LabError with FortiSOAR's message if the action failed.
    """
    with FortiSoarClient(ready["fortisoar"]) as fortisoar:
        connector = installed(fortisoar)
        expect_action(action, fortisoar.actions(connector))
        if configuration is None:
            configure(fortisoar, connector, ready)
        elif not any(row["name"] == configuration for row in fortisoar.configurations(connector)):
            raise LabError(f"There is no configuration {configuration!r} of {connector['label']}.")
        return fortisoar.execute(execution(connector, configuration or CONFIGURATION, action, params))


def expect_action(action: str, actions: Collection[str]) -> None:
    """Go on only with an action that there is.

    Raises: LabError with what was probably meant.
    """
    if action not in actions:
        raise LabError(unknown("action", action, sorted(actions)))


def installed(fortisoar: FortiSoarClient) -> dict[str, Any]:
    """Return the connector's record; install the working copy if it is not there."""
    there = fortisoar.find_connector(NAME)
    if there:
        return there
    with built_archive() as archive:
        return fortisoar.install(archive)


def configure(fortisoar: FortiSoarClient, connector: dict[str, Any], ready: dict[str, Any]) -> None:
    """Create the lab's own configuration if it is not there. Playbooks use the default one: it is that if none is."""
    there = fortisoar.configurations(connector)
    if not any(row["name"] == CONFIGURATION for row in there):
        is_default = not any(row["default"] for row in there)
        fortisoar.configure(connector, CONFIGURATION, configuration_values(ready), is_default)
