"""A playbook's definition: its steps, its routes, and the names of step types."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

STEP_TYPES = {
    "0bfed618-0316-11e7-93ae-92361f002671": "Connectors",
    "0109f35d-090b-4a2b-bd8a-94cbc3508562": "CyopsUtilites",  # the vendor's spelling
    "f414d039-bb0d-4e59-9c39-a8f1e880b18a": "cybersponse.action",
    "b348f017-9a94-471f-87f8-ce88b6a7ad62": "cybersponse.abstract_trigger",
    "ea155646-3821-4542-9702-b246da430a8d": "cybersponse.post_create",
    "9300bf69-5063-486d-b3a6-47eb9da24872": "cybersponse.post_update",
    "ef350fda-1771-477a-8f90-16f68cd7e5cb": "cybersponse.post_delete",
    "df26c7a2-4166-4ca5-91e5-548e24c01b5f": "cybersponse.api_call",
    "04d0cf46-b6a8-42c4-8683-60a7eaa69e8f": "SetVariable",
    "12254cf5-5db7-4b1a-8cb1-3af081924b28": "Decision",
    "74932bdc-b8b6-4d24-88c4-1a4dfbc524f3": "WorkflowReference",
    "2597053c-e718-44b4-8394-4d40fe26d357": "InsertData",
    "b593663d-7d13-40ce-a3a3-96dece928722": "UpdateRecord",
    "b593663d-7d13-40ce-a3a3-96dece928770": "FindRecords",
    "7b221880-716b-4726-a2ca-5e568d330b3e": "IngestBulkFeed",
    "fc04082a-d7dc-4299-96fb-6837b1baa0fe": "ManualInput",
    "a19333c2-c822-11ed-afa1-0242ac120002": "ApprovalManualInput",
    "6832e556-b9c7-497a-babe-feda3bd27dbf": "Delay",
    "1fdd14cc-d6b4-4335-a3af-ab49c8ed2fd8": "CodeSnippet",
    "4c0019b2-055c-44d0-968c-678a0c2d762e": "SendMail",
    "dc6ac63d-c5a5-472f-9eb4-6b18473a98b8": "ManualTask",
    "ee73e569-2188-43fe-a7f0-1964ba82a4de": "RunScript",
    "b104e839-fc31-48b3-8c50-7e9433f33d79": "SetAPIKeys",
}
# The appliance's other types. A run that comes to a step of one of them stops with the type's name.
OTHER_STEP_TYPES = {
    "6832e556-b9c7-497a-babe-feda3bd27dcg": "Approval",  # the vendor's spelling
    "9dcc4bf5-b6cf-4a5c-b545-1fac3b9e33e6": "SetPlaybookResult",
    "949779e9-c4c2-4652-9ad2-c1875be6be54": "APICall",
    "ab3b2e02-5e77-4ed6-8ebd-580f390063a5": "RemotePlaybookReference",
    "dc61b68b-4967-4e82-b4ed-a1315aa81998": "ManualDecision",
    "9f85dabc-dbc8-4d0a-905d-c99b2ef06b71": "ReferenceBlock",
    "0f2e6d50-9cb9-403f-9990-85dc5fbb571d": "action.reference.block",
    "aed55d18-1974-4743-b061-7f5a4292e657": "cybersponse.pre_create",
    "0d375573-1c17-47bb-9790-934cff200ec4": "cybersponse.pre_update",
    "a987479e-9c96-46b0-9598-7f0b35e16ad2": "cybersponse.pre_delete",
    "b593663d-7d13-40ce-a3a3-96dece928723": "DownloadFile",
    "b593663d-7d13-40ce-a3a3-96dece928724": "FileStringAttachment",
    "b593663d-7d13-40ce-a3a3-96dece928725": "FileSFTP",
    "b593663d-7d13-40ce-a3a3-96dece928726": "RemoteCommand",
    "b593663d-7d13-40ce-a3a3-96dece928728": "MapPlaybook",
    "b593663d-7d13-40ce-a3a3-96dece928745": "DatabaseConnector",
    "b593663d-7d13-40ce-a3a3-96dece928778": "SendEmail",
    "b593663d-7d13-40ce-a3a3-96dece928789": "FetchEmail",
    "b593663d-7d13-40ce-a3a3-96dece928796": "FileAttachment",
    "b593663d-7d13-40ce-a3a3-96dece928799": "DatabaseQuery",
}
STARTS = {name for name in STEP_TYPES.values() if name.startswith("cybersponse.")}
# What the engine itself reads from a step's arguments, whatever the step's type.
ENGINE_KEYS = {
    "when",
    "for_each",
    "do_until",
    "ignore_errors",
    "mock_result",
    "useMockOutput",
    "step_variables",
    "message",
    "annotation",
}


class Definition:
    """A playbook's document, read.

    Parameters:
        document: a workflow with expanded ``steps`` and ``routes``.
    """

    def __init__(self, document: Row) -> None:
        self.document = document
        self.uuid = str(document["uuid"])
        self.iri = f"/api/3/workflows/{self.uuid}"
        self.name = str(document.get("name", ""))
        self.steps: dict[str, Row] = {step["uuid"]: step for step in _rows(document, "steps")}
        self.routes: dict[str, Row] = {route["uuid"]: route for route in _rows(document, "routes")}

    @property
    def start(self) -> Row | None:
        """Return the step that the playbook begins with."""
        return self.steps.get(uuid_of(self.document.get("triggerStep")))

    def into(self, step: str) -> list[Row]:
        """Return the routes that lead to a step."""
        return [route for route in self.routes.values() if uuid_of(route.get("targetStep")) == step]

    def out_of(self, step: str) -> list[Row]:
        """Return the routes that leave a step."""
        return [route for route in self.routes.values() if uuid_of(route.get("sourceStep")) == step]

    @property
    def tags(self) -> list[str]:
        """Return the playbook's tags."""
        tags = self.document.get("recordTags")
        return [str(tag) for tag in tags] if isinstance(tags, list) else []


def type_of(step: Row) -> str:
    """Return the name of a step's type, or its UUID if the name is not known."""
    uuid = uuid_of(step.get("stepType"))
    return STEP_TYPES.get(uuid) or OTHER_STEP_TYPES.get(uuid, uuid)


def arguments_of(step: Row) -> Row:
    """Return a step's arguments; PHP writes an empty object as an empty list."""
    arguments = step.get("arguments")
    return arguments if isinstance(arguments, dict) else {}


def uuid_of(iri: Any) -> str:
    """Return the last part of an IRI, or of the ``@id`` or ``uuid`` of an object; an empty text for anything else."""
    if isinstance(iri, dict):
        iri = iri.get("@id") or iri.get("uuid")
    return iri.rstrip("/").rsplit("/", 1)[-1] if isinstance(iri, str) else ""


def variable_name(step_name: str) -> str:
    """Return the name under which ``vars.steps`` holds a step's result."""
    return step_name.replace(" ", "_")


def _rows(document: Row, key: str) -> list[Row]:
    """Return a playbook's steps or routes; each has a uuid and a name, whatever stands there."""
    rows = document.get(key)
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [{**row, "uuid": _text(row.get("uuid")), "name": _text(row.get("name"))} for row in found]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
