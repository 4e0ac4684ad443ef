"""Creating a custom incident once and no second time, whatever happens on the way."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, List, Optional

from ..clients.context import Context
from ..clients.fortimonitor.models import Outage, with_marker
from ..core.errors import Failure, OutcomeUnknown
from ..core.times import fortimonitor_time
from .writes import LOOKS, Accepted, Evidence, Write

SENT_AS_GIVEN = ("plugin_textkey", "resource_textkey", "auto_close_duration")
ALIKE = 40  # characters of a description that must agree where FortiMonitor shows no marker


class Creation(Write):
    """An event that is to become a custom incident, and the marker by which the incident is known again.

    A marker that the analyst gives names the event: the same one twice is the same event. Without one, a fresh marker
    serves reading back alone: two equal calls stay two incidents.

    ``earlier`` are the incidents of this event that there were before, ``incident_id`` the one that came of it, and
    ``warning`` what the analyst should know of it.
    """

    waits = LOOKS

    def __init__(self, context: Context, server_id: int, params: Dict[str, Any]) -> None:
        self._fortimonitor = context.fortimonitor
        self._params = params
        self.server_id = server_id
        self.is_named = "correlation_id" in params
        self.marker: str = params["correlation_id"] if self.is_named else f"fsr-{uuid.uuid4().hex}"
        self._description = with_marker(params["description"], self.marker)
        self.earlier: List[Outage] = self._incidents() if self.is_named else []
        self.incident_id = self.earlier[0].id if self.earlier else 0
        self.warning: Optional[str] = None

    def send(self) -> Accepted:
        """Send the create, and read the new incident if that is wanted."""
        answer = self._fortimonitor.create_custom_incident(self.server_id, self._body())
        incident_id = self._fortimonitor.created_outage(answer)
        if incident_id is None:
            raise answer.failure(
                OutcomeUnknown, "FortiMonitor accepted it, but its answer does not name an incident of its own"
            )
        self.incident_id = incident_id
        if not self._params["verify"]:
            return Accepted(answer)
        try:
            is_new = self._is_the_new_one(incident_id)
        except Failure as failure:
            self.warning = f"The new incident could not be read back: {failure.happened}."
            return Accepted(answer)
        if not is_new:
            raise answer.failure(
                OutcomeUnknown, f"FortiMonitor's answer names incident {incident_id}, which is not this one"
            )
        return Accepted(answer, "read_back")

    def look(self) -> bool:
        """Look for an incident of this event that was not there before."""
        new = [outage.id for outage in self._incidents("active") if not self._was_there(outage.id)]
        self.incident_id = new[0] if new else self.incident_id
        return bool(new)

    def failure(self, evidence: Evidence) -> Failure:
        """Return what FortiMonitor refused, or that nobody knows, and the marker that makes a re-run safe."""
        failure = evidence.failures[-1]
        if not failure.is_ambiguous:
            return failure
        return OutcomeUnknown(
            f"{failure.happened}, and no incident with correlation id {self.marker!r} was found afterwards",
            f"Run the action again with Correlation ID {self.marker}: it will not create a second incident.",
            attempts=evidence.attempts,
            request=evidence.request,
        )

    def _incidents(self, status: Optional[str] = None) -> List[Outage]:
        """List the server's incidents with this marker, newest first."""
        outages = self._fortimonitor.outages(self.server_id, status)
        return [outage for outage in outages if outage.marker == self.marker]

    def _was_there(self, incident_id: int) -> bool:
        return any(outage.id == incident_id for outage in self.earlier)

    def _is_the_new_one(self, incident_id: int) -> bool:
        outage = self._fortimonitor.outage_if_any(incident_id)
        return outage is not None and outage.id == incident_id and not self._was_there(outage.id) and self._owns(outage)

    def _owns(self, outage: Outage) -> bool:
        """Tell whether an outage is this event's; without any marker in it, by server and description."""
        if outage.marker is not None:
            return outage.marker == self.marker
        return outage.server_id == self.server_id and outage.description[:ALIKE] == self._description[:ALIKE]

    def _body(self) -> Dict[str, Any]:
        params = self._params
        incident = {name: params[name] for name in SENT_AS_GIVEN if name in params}
        if "start_time" in params:
            incident["start_time"] = fortimonitor_time(params["start_time"])
        # As text: it ends up in the description, and whether other scalars are taken is documented nowhere.
        metadata = {key: _as_text(value) for key, value in params.get("metadata", {}).items()}
        return {
            **incident,
            "description": self._description,
            "metadata": {**metadata, "correlation_id": self.marker},
        }


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
