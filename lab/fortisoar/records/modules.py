"""The modules of the local FortiSOAR: which records there are, their fields, and what makes a record unique.

Names of modules, fields and relations are the appliance's (8.0). Which picklist a field other than ``severity``
and ``status`` draws from, which fields are dates or numbers, and the uniqueness of modules other than alerts,
incidents, indicators and threat_intel_feeds: assumed, no source. What threat_intel_feeds hold is as Fortinet publishes
it (solution pack Threat Intel Management), but for ``name``, ``patternType``, ``patternVersion``, ``indicatorTypes``,
``threatTypes`` and ``killChainPhases``: the FortiGuard feed fills these, and their kinds are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal

Kind = Literal["text", "integer", "date", "boolean", "tags", "picklist", "one", "many", "json"]


@dataclass(frozen=True)
class Field:
    """One field of a module.

    Parameters:
        kind: what it holds; ``one`` and ``many`` are relations, ``json`` is kept as it comes.
        target: the picklist's name, or the module a relation leads to.
        is_loose: whether it may name a record that is not there, or not yet.
    """

    kind: Kind
    target: str = ""
    is_loose: bool = False

    @property
    def module(self) -> str:
        """Return the module whose records this field names, or an empty string."""
        return "picklists" if self.kind == "picklist" else self.target


@dataclass(frozen=True)
class Module:
    """One kind of record.

    Parameters:
        name: the plural that addresses use, such as ``alerts``.
        type: ``@type`` of its records, such as ``Alert``.
        fields: its fields by name, without those that every record has.
        unique: groups of fields that no two records share.
        defaults: the item that a picklist field gets in a new record.
        uuid: the uuid of its description, where a capture gave it.
        required: fields that are never blank.
        owner: the field that names the record which it is a part of, and is removed with.
        shown: the single relations that are shown as records; None for all of them.
        order: by which field its lists are sorted, unless they are asked to be otherwise.
        on_demand: fields that lists show only with ``$includeData``.
    """

    name: str
    type: str
    fields: Mapping[str, Field]
    unique: Sequence[tuple[str, ...]] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    uuid: str = ""
    required: Sequence[str] = ()
    owner: str = ""
    shown: Sequence[str] | None = None
    order: str = ""
    on_demand: Sequence[str] = ()

    @cached_property
    def plain(self) -> list[str]:
        """Return the names of the fields that every answer shows: all but relations to many."""
        return [name for name, about in self.fields.items() if about.kind != "many"]

    @cached_property
    def single(self) -> list[str]:
        """Return the names of the fields that hold one other record, a picklist's item included."""
        return [name for name, about in self.fields.items() if about.kind in ("picklist", "one")]

    @cached_property
    def expanded(self) -> list[str]:
        """Return the names of the single relations that are shown as records."""
        return [name for name in self.single if self.shown is None or name in self.shown or name in TRACKED]

    @cached_property
    def many(self) -> list[str]:
        """Return the names of the relations to many records."""
        return [name for name, about in self.fields.items() if about.kind == "many"]


FILES = "files"
TRACKED = {
    "createUser": Field("one", "people"),
    "modifyUser": Field("one", "people"),
    "recordTags": Field("tags"),
}


def _module(
    name: str,
    type: str,
    text: str = "",
    integers: str = "",
    dates: str = "",
    booleans: str = "",
    picklists: str = "",
    one: str = "",
    loose: str = "",
    many: str = "",
    tags: str = "",
    json: str = "",
    defaults: Mapping[str, str] | None = None,
    **more: Any,
) -> Module:
    """Make a module from lists of words; ``field:target`` where the target has another name than the field."""
    kinds: list[tuple[Kind, str]] = [
        ("text", text),
        ("integer", integers),
        ("date", dates),
        ("boolean", booleans),
        ("picklist", picklists),
        ("one", one),
        ("one", loose),
        ("many", many),
        ("tags", tags),
        ("json", json),
    ]
    fields = dict(TRACKED)
    for kind, words in kinds:
        for word in words.split():
            field_name, _, target = word.partition(":")
            has_target = kind in ("picklist", "one", "many")
            fields[field_name] = Field(kind, (target or field_name) if has_target else "", word in loose.split())
    return Module(name, type, dict(sorted(fields.items())), defaults=defaults or {}, **more)


_ALL = (
    _module(
        "alerts",
        "Alert",
        text="attachmentNames bucketName closureNotes commandLine computerName decodedCommandLine description "
        "destinationID destinationIp deviceOwner deviceSerialNo deviceUID domain emailBody emailFrom emailHeaders "
        "emailSubject emailTo escalationReason fileEmail fileHash fileHashes fileName fileNames filePath iPAddresses "
        "metrics mitreTechnique mitreattackid name parentProcessCmdLine parentProcessName parentProcessPid processGuid "
        "processId processName processTree recipientEmailAddress registryKey registryKeyValue reporter "
        "reporterEmailBody returnPath rule scheduledTask senderDomain senderEmailAddress services source sourceId "
        "sourceIp sourceProcess sourceTool sourceType sourcedata targetAsset targetProcess ticketID url userDetails "
        "userName vulnerabilitySeverity",
        integers="alertRemainingAckSLA alertRemainingRespSLA bytesTransferred destinationPort epochTime priorityWeight "
        "sourcePort",
        dates="ackDate ackSLApausedon alertDetectionDate assigneddate dueBy eventTime latestLogin resolveddate "
        "respDate respDueDate respSLApausedon responseSLAResumeDate",
        booleans="resolvedAutomatedly",
        picklists="severity:Severity status:AlertStatus state:AlertState type:AlertType ackSlaStatus:SLAState "
        "respSlaStatus:SLAState escalatedtoincident:EscalatedToIncident closureReason:ClosureReason "
        "deviceType:DeviceType emailClassification:EmailClassification killChainPhase:KillChainPhases",
        one="assignedTo:people tenant:tenants",
        many="alerts assets attachments campaigns cVEs:c_v_es comments communications:communication companies events "
        "hunts:hunt incidents indicators mitre_techniques mitre_sub_techniques mitregroups:mitre_groups "
        "mitremitigations:mitre_mitigations mitresoftware:mitre_software mitretactics:mitre_tactics owners:teams "
        "persons:people scans tasks vulnerabilities warrooms",
        unique=[("sourceId",)],
        defaults={"state": "New", "escalatedtoincident": "No"},
        uuid="7fdae59c-7de7-43d9-bf2a-dc2f00ed25b4",
    ),
    _module(
        "incidents",
        "Incident",
        text="affectedHost affectedUser businessImpact c2server dLLName description destinationIP deviceUID dwellTime "
        "fileName filehash impactAssessments incidentphase incidentsummary metrics mitreattackid name nextsteps "
        "otherLogs pcapFile processName receipientEmailAddress resolution senderDomain senderEmailAddress siemQuery "
        "slaPercentage source sourceIP sourceId sourcedata targetAsset ticketID volatileData",
        integers="containmentTime impactROI incRemainingAckSLA incRemainingRespSLA recoveryTime resPercentSla",
        dates="ackDate ackDueDate ackSLApausedon aftermathDate assigneddate confirmationDate containmentDate "
        "dateOfIncident discoveredOn eradicationDate identificationDate recoveryDate resDate resDueBy resolveddate "
        "respSLApausedon responseDate responseSLAResumeDate",
        picklists="severity:Severity status:IncidentStatus state:AlertState category:IncidentCategory "
        "phase:IncidentPhase deliveryVector:DeliveryVector escalated:YesNo resSla:SLAState slaState:SLAState "
        "wasPersonalDataAffected:YesNo",
        one="incidentLead:people tenant:tenants",
        many="alerts assets attachments campaigns cVEs:c_v_es comments communications:communication companies "
        "indicators mitregroups:mitre_groups mitremitigations:mitre_mitigations mitresoftware:mitre_software "
        "mitresubtechniques:mitre_sub_techniques mitretactics:mitre_tactics mitretechniques:mitre_techniques "
        "owners:teams persons:people tasks vulnerabilities warrooms",
        unique=[("sourceId",)],
        defaults={"state": "New"},
        uuid="ec515d53-dbfb-411a-89b5-e42bd17ad7c9",
    ),
    _module(
        "assets",
        "Asset",
        # The guide's examples write hostname, ip, macAddress and assetType as plain text.
        text="assetType description deviceUid emailId eSPZone facility firmware hostname ip location macAddress "
        "managedBy name network product propertyOf serialNumber sourceData subnet tag vendor",
        dates="dateScanned registrationDate",
        picklists="assetRisk:Severity criticality:Severity",
        one="tenant:tenants",
        many="alerts assets attachments comments companies incidents indicators owners:teams scans tasks "
        "vulnerabilities warrooms",
    ),
    _module(
        "indicators",
        "Indicator",
        text="confidence country description filehashMD5 filehashSHA1 filehashSHA256 sourceData sourceID sources value",
        dates="expiryDate firstSeen lastSeen",
        picklists="typeofindicator:IndicatorType reputation:IndicatorReputation tlp:TrafficLightProtocol",
        one="file:files tenant:tenants",
        many="alerts assets attachments campaigns comments companies events hunt incidents indicators owners:teams "
        "persons:people tasks threatIntelFeeds:threat_intel_feeds vulnerabilities warrooms workspaces",
        unique=[("typeofindicator", "value")],
    ),
    _module(
        "threat_intel_feeds",
        "ThreatIntelFeed",
        # The appliance keeps label and sourceData as JSON; playbooks write them as text with toJSON.
        text="collection description label name pattern patternType patternVersion source sourceData sourceId value",
        integers="confidence",
        dates="created expiresOn lastSeen modified validFrom validUntil",
        picklists="reputation:IndicatorReputation tLP:TrafficLightProtocol typeOfFeed:ThreatIntelFeedType",
        many="indicators killChainPhases:picklists relatedATTCKSubTechniques:mitre_sub_techniques "
        "relatedATTCKTechniques:mitre_techniques relatedMalware:mitre_software relatedThreatActors:mitre_groups "
        "relatedThreatIntelFeeds:threat_intel_feeds threatTypes:picklists",
        tags="indicatorTypes",
        unique=[("typeOfFeed", "value", "source")],
        uuid="acbac353-3593-41d2-af46-67951cfab083",
    ),
    _module(
        "people",
        "Person",
        text="accessType avatar department description email firstname lastname phoneFax phoneHome phoneMobile "
        "phoneWork title userId username",
        integers="loginType",
        booleans="csActive",
        many="alerts attachments comments incidents indicators tasks",
    ),
    _module("teams", "Team", text="description name", many="actors children parents siblings"),
    _module(
        "tasks",
        "Task",
        text="actualMinutes approvalhost description name stepid taskdata tasktype workflowid",
        dates="assignedOnDate completedOnDate dueBy startDate",
        picklists="status:TaskStatus priority:TaskPriority type:TaskType",
        one="assignedToPerson:people submittedBy:people tenant:tenants",
        many="alerts assets attachments comments companies hunt incidents indicators owners:teams persons:people "
        "vulnerabilities warrooms workspaces",
        uuid="5cb5a987-52d6-4df2-87cd-86a193dee71f",
    ),
    _module(
        "comments",
        "Comment",
        text="content peopleUpdated rawCommentData",
        dates="lastReplyDate",
        booleans="isDeleted isImportant",
        picklists="type:CommentType",
        one="file:files file1:files file2:files file3:files file4:files replyTo:comments tenant:tenants",
        many="alerts approvals assets attachments campaigns communication devices events hunt incidents indicators "
        "owners:teams people replies:comments scans tasks vulnerabilities warrooms workspaces",
    ),
    _module(
        "attachments",
        "Attachment",
        text="description name",
        picklists="type:AttachmentType",
        one="file:files tenant:tenants",
        many="alerts assets comments incidents indicators owners:teams people tasks vulnerabilities warrooms "
        "workspaces",
    ),
    _module("events", "Event", text="description name source sourceId", many="alerts comments indicators owners:teams"),
    _module(
        "warrooms",
        "Warroom",
        text="collaboration conferenceBridge currentStatus nextSteps subtitle summary title",
        dates="activeSince closedOn",
        picklists="status:WarroomStatus",
        one="launchedBy:people",
        many="alerts announcements assets attachments comments communication incidents indicators owners:teams tasks",
    ),
    # What a capture shows of a file has neither an author nor the dates of other records.
    _module(FILES, "File", text="filename mimeType", integers="size", shown=()),
    _module("picklist_names", "PicklistName", text="name", booleans="system", unique=[("name",)], shown=()),
    _module(
        "picklists",
        "Picklist",
        text="color icon itemValue",
        integers="orderIndex",
        one="listName:picklist_names",
        owner="listName",
        shown=(),
    ),
    # Playbooks, with the keys of Fortinet's own exports.
    _module(
        "workflow_collections",
        "WorkflowCollection",
        text="description name",
        booleans="visible",
        json="image importedBy",
        many="workflows",
        unique=[("name",)],
        required=("name",),
        shown=(),
    ),
    _module(
        "workflows",
        "Workflow",
        text="description name tag",
        booleans="debug isActive isEditable isPrivate remoteExecutableFlag singleRecordExecution synchronous",
        json="aliasName groups parameters playbookOrigin priority triggerLimit versions",
        one="collection:workflow_collections",
        loose="triggerStep:workflow_steps",
        many="routes:workflow_routes steps:workflow_steps",
        required=("name",),
        owner="collection",
        shown=(),
        order="name",
    ),
    _module(
        "workflow_steps",
        "WorkflowStep",
        text="description left name top",
        json="arguments group status",
        one="workflow:workflows",
        loose="stepType:workflow_step_types",
        required=("name",),
        owner="workflow",
        shown=("stepType",),
    ),
    _module(
        "workflow_routes",
        "WorkflowRoute",
        text="label name",
        booleans="isExecuted",
        json="group",
        one="workflow:workflows",
        loose="sourceStep:workflow_steps targetStep:workflow_steps",
        owner="workflow",
        shown=(),
    ),
    _module(
        "workflow_versions",
        "WorkflowVersion",
        text="json note",
        booleans="autosave",
        one="workflow:workflows",
        owner="workflow",
        order="-id",
        on_demand=("json",),
    ),
    _module("workflow_step_types", "WorkflowStepType", text="name"),
)
MODULES: Mapping[str, Module] = {module.name: module for module in _ALL}

# These two have neither an author nor a recycle bin in any capture.
LISTS = ("picklist_names", "picklists")
# What playbooks are made of: neither described as modules nor searched, as far as known.
CONTENT = tuple(name for name in MODULES if name.startswith("workflow"))


@cache
def parts(module: str) -> dict[str, Module]:
    """Return the modules of what a record is made of, by the names of the relations that hold it."""
    return {name: MODULES[field.target] for name, field in MODULES[module].fields.items() if _is_part(module, field)}


def _is_part(module: str, field: Field) -> bool:
    target = MODULES.get(field.target) if field.kind == "many" else None
    return target is not None and target.owner != "" and target.fields[target.owner].target == module


def inverse(module: str, relation: str) -> str | None:
    """Return the name of the relation that shows a link from its other end, if that end shows it."""
    target = MODULES[module].fields[relation].target
    if target == module:
        return relation if relation == module else None
    there = MODULES[target]
    return next((name for name in there.many if there.fields[name].target == module), None)
