"""The health check: one authenticated read for each product that is switched on."""

from __future__ import annotations

from ..clients.context import Context
from ..core.errors import Failure


class Unhealthy(Failure):
    """At least one product cannot be used. Names all that cannot."""


def check_health(context: Context) -> None:
    """Prove that each configured product can be reached and takes the credentials.

    It cannot prove the right to write, the Custom Incidents feature or the textkeys: no read shows them.

    Raises Unhealthy naming every product that failed and why.
    """
    failures = []
    for client in context.enabled:
        try:
            remark = client.check()
        except Failure as error:
            failures.append(error.explanation)
            continue
        if remark:  # FortiSOAR shows nothing of a check that succeeds
            context.log.warning(remark)
    if failures:
        raise Unhealthy(" ".join(failures).rstrip("."))
