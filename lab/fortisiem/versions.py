"""What each version of FortiSIEM has."""

from __future__ import annotations

from functools import total_ordering

VERSIONS = ("7.5.1", "7.3.3", "7.0", "6.7", "6.4", "5.2.5")


@total_ordering
class Version:
    """A version that can be compared with another, or with its text.

    Parameters:
        text: for example ``"7.5.1"``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = tuple(int(part) for part in text.split("."))

    def __eq__(self, other: object) -> bool:
        return self._parts == Version(str(other))._parts

    def __lt__(self, other: str) -> bool:
        return self._parts < Version(other)._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def lists_incidents(self) -> bool:
        """Whether ``/pub/incident`` and ``/pub/incident/update/{id}`` exist (6.3.0, documented)."""
        return self >= "6.3"

    @property
    def lists_event_ids(self) -> bool:
        """Whether ``/incident/triggeringEvents`` lists event ids in XML (5.2.5; that it went in 6.3 is assumed)."""
        return self < "6.3"

    @property
    def wraps_triggering_events(self) -> bool:
        """Whether ``/pub/incident/triggeringEvents`` answers with an object, not with a bare array (6.7.0)."""
        return self >= "6.7"

    @property
    def runs_triggering_event_queries(self) -> bool:
        """Whether ``/pub/incident/triggeringEvents/start``, ``progress`` and ``result`` exist (7.3.3)."""
        return self >= "7.3.3"

    @property
    def names_query_id(self) -> bool:
        """Whether a started query is answered with ``{"queryId": ...}``, not with a bare JSON string (7.5)."""
        return self >= "7.5"

    @property
    def external_takes_severity(self) -> bool:
        """Whether ``/incident/external`` takes severity, resolution and actionStatus (the version is assumed)."""
        return self >= "6.7"

    @property
    def twin_takes_status(self) -> bool:
        """Whether ``/pub/incident/update/{id}`` takes more than external ticket keys (6.x guides list those alone)."""
        return self >= "7.0"

    @property
    def loses_second_of_two_pages(self) -> bool:
        """Whether page 2 of exactly 2 may never come (6.7 to 7.0.0; before 6.7 there are no pages)."""
        return self <= "7.0"

    @property
    def not_ready_status(self) -> int:
        """The status of a page that is not ready: older versions say 404 (where the line runs is assumed)."""
        return 404 if self <= "7.0" else 503

    @property
    def has_organization_list(self) -> bool:
        """Whether ``/organization/list`` exists; ``/config/Domain`` always does."""
        return self >= "7.5"

    @property
    def has_bearer(self) -> bool:
        """Whether API tokens are accepted (7.5.0, documented)."""
        return self >= "7.5"

    @property
    def issues_tokens(self) -> bool:
        """Whether client credentials can be exchanged for a token (7.5.1, documented)."""
        return self >= "7.5.1"
