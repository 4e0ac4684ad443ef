"""One action, run through FortiSOAR's API in a lab."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from .client import FortiSoarClient, execution
from .connector import NAME, built_archive, configuration_values
from .errors import LabError

CONFIGURATION = "Lab"


def run_action(
    action: str, params: dict[str, Any], ready: dict[str, Any] | None, configuration: str | None
) -> dict[str, Any]:
    """Run an action and return FortiSOAR's envelope.

    Parameters:
        ready: the ready line of a running lab; None starts one for this call.
        configuration: the name of an existing configuration; None uses the lab's own, which is created if absent.
    Raises: LabError with FortiSOAR's message if the action failed.
    """
    with ExitStack() as stack:
        if ready is None:
            from .running import running_lab

            ready = stack.enter_context(running_lab(base_port=0)).ready
        fortisoar = stack.enter_context(FortiSoarClient(ready["fortisoar"]))
        connector = fortisoar.find_connector(NAME) or _installed(fortisoar)
        actions = fortisoar.actions(connector)
        if action not in actions:
            raise LabError(f"There is no action {action!r}. There are: {', '.join(sorted(actions))}.")
        name = _configuration(fortisoar, connector, ready, configuration)
        return fortisoar.execute(execution(connector, name, action, params))


def _installed(fortisoar: FortiSoarClient) -> dict[str, Any]:
    with built_archive() as archive:
        return fortisoar.install(archive)


def _configuration(
    fortisoar: FortiSoarClient, connector: dict[str, Any], ready: dict[str, Any], wanted: str | None
) -> str:
    name = wanted or CONFIGURATION
    if not fortisoar.find_configuration(connector, name):
        if wanted:
            raise LabError(f"There is no configuration {wanted!r} of {connector['label']}.")
        fortisoar.configure(connector, name, configuration_values(ready))
    return name
