"""The Data Ingestion Wizard as a client drives it that was written against the real FortiSOAR: pyfsr, over TLS.

The archive that ships is installed, and FortiSIEM and FortiMonitor are the lab's.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pyfsr import FortiSOAR

from lab.connector import NAME
from tests.conftest import ROOT
from tests.support.installed import VERSION
from tests.support.stories import COLLECTION, CREATE, FETCH, INGEST, PlaybookLab, playbook_lab

INGESTION = [CREATE, FETCH, INGEST]
IMPORTS = "/api/integration/data-import/"


@pytest.fixture(scope="module")
def one_for_all(archive: Path) -> Iterator[tuple[PlaybookLab, Any]]:
    with playbook_lab(archive) as lab:
        soar = lab.ready["fortisoar"]
        client = FortiSOAR(soar["https"], username=soar["username"], password=soar["password"], verify_ssl=soar["ca"])
        yield lab, client
        client.session.close()


@pytest.fixture
def lab(one_for_all: tuple[PlaybookLab, Any]) -> PlaybookLab:
    """The lab without any ingestion."""
    lab, client = one_for_all
    lab.begin()
    for row in client.get(IMPORTS)["data"]:
        client.delete(f"{IMPORTS}{row['id']}/")
    for collection in client.workflow_collections.list():
        if collection.name != COLLECTION:
            client.workflow_collections.delete(collection.uuid)
    client.connectors.list_configured(refresh=True)
    return lab


@pytest.fixture
def connectors(lab: PlaybookLab, one_for_all: tuple[PlaybookLab, Any]) -> Any:
    return one_for_all[1].connectors


@pytest.fixture
def client(lab: PlaybookLab, one_for_all: tuple[PlaybookLab, Any]) -> Any:
    return one_for_all[1]


def clones(client: Any, setup: Any) -> dict[str, Any]:
    """Return the playbooks of an ingestion by name, with their steps by name."""
    found = client.workflow_collections.get(setup.collection_uuid).workflows
    return {each["name"]: {**each, "steps": {step["name"]: step for step in each["steps"]}} for each in found}


def run(lab: PlaybookLab, triggered: dict[str, Any]) -> None:
    assert lab.settled(triggered["task_id"]).status == "finished"


# What the archive offers.


def test_the_connector_is_one_to_ingest_from(connectors: Any) -> None:
    assert [each.name for each in connectors.ingestion_sources()] == [NAME]


def test_the_sample_collection_is_the_one_that_the_install_told(lab: PlaybookLab, connectors: Any) -> None:
    told = lab.install()["playbook_collections"]  # before anybody looks at playbooks
    details = connectors.connector_detail(NAME)["playbook_collections"]
    found = connectors.find_sample_ingestion_collection(NAME)
    shipped = json.loads((ROOT / "playbooks/playbooks.json").read_text())["data"][0]["uuid"]
    assert found == shipped
    assert [each["@id"] for each in (*told, *details)] == [f"/api/3/workflow_collections/{shipped}"] * 2


def test_the_samples_fill_every_part_of_an_ingestion_but_updates(connectors: Any) -> None:
    samples = connectors.ingestion_playbooks(NAME)
    assert (samples.fetch.name, samples.ingest.name, samples.create.name) == (FETCH, INGEST, CREATE)
    assert samples.missing() == ["update"]


def test_before_the_wizard_nothing_is_set_up(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    status = connectors.ingestion_status(NAME, live_schedule=True)
    assert (status.configured, status.collection_exists, status.metadata) == (False, False, None)
    with pytest.raises(ValueError, match="run data_ingest_wizard"):
        connectors.trigger_ingestion(NAME)


def test_a_dry_run_writes_nothing(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    plan = connectors.data_ingest_wizard(NAME, cron="*/5 * * * *", dry_run=True)
    assert sorted(each.name for each in plan.playbooks) == INGESTION
    assert [each.name for each in client.workflow_collections.list()] == [COLLECTION]
    assert (client.schedules.list(), client.get(IMPORTS)["data"]) == ([], [])


# The wizard.


def test_the_wizard_clones_the_samples_for_one_configuration(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    setup = connectors.data_ingest_wizard(NAME)

    config = connectors.resolve_config(NAME, "Default")
    assert (setup.config_id, setup.collection_uuid, setup.health_status) == (config, config, "Available")
    collection = client.workflow_collections.get(config)
    assert collection.name == f"Fortinet Incident Bridge {VERSION} DefaultIngestion({config})"
    assert collection.visible is False
    made = clones(client, setup)
    assert sorted(made) == INGESTION
    samples = lab.workflows()
    for name, clone in made.items():
        assert clone["uuid"] != samples[name]["uuid"]
        assert (clone["isActive"], clone["recordTags"]) == (True, samples[name]["recordTags"])
        assert samples[name]["isActive"] is False
        assert list(clone["steps"]) == [step["name"] for step in samples[name]["steps"]]
    # Only the connector's own step is bound to the configuration; the calls lead to the clones.
    bound = {step["name"]: step["arguments"]["config"] for step in clone_steps(made) if "config" in step["arguments"]}
    assert bound == {"Fetch": config}
    calls = {name: step["arguments"].get("workflowReference") for name, step in made[INGEST]["steps"].items()}
    fetch, create = (f"/api/3/workflows/{made[name]['uuid']}" for name in (FETCH, CREATE))
    assert {name: called for name, called in calls.items() if called} == {
        "Fetch FortiSIEM": fetch,
        "Store FortiSIEM": create,
        "Fetch FortiMonitor": fetch,
        "Store FortiMonitor": create,
    }


def clone_steps(made: dict[str, Any]) -> list[Any]:
    return [step for clone in made.values() for step in clone["steps"].values()]


def test_an_ingestion_that_is_triggered_makes_alerts_and_advances_its_watermark(
    lab: PlaybookLab, client: Any, connectors: Any
) -> None:
    setup = connectors.data_ingest_wizard(NAME)

    run(lab, connectors.trigger_ingestion(NAME))

    ingested, first = lab.alerts(), lab.watermarks()
    assert ingested
    assert first.keys() == {"FortiSIEM"}
    (macro,) = client.get("/api/wf/api/dynamic-variable/?format=json")["hydra:member"]
    fetch = clones(client, setup)[FETCH]["uuid"].replace("-", "_")
    assert macro["name"] == f"IncidentBridgeFortiSIEMLastPull_{fetch}"

    lab.control.advance(60)
    lab.siem.add_incidents(2, incidentLastSeen=lab.siem.now())
    run(lab, connectors.trigger_ingestion(NAME))
    assert len(lab.alerts()) == len(ingested) + 2
    assert int(lab.watermarks()["FortiSIEM"]) > int(first["FortiSIEM"])


def test_what_was_ingested_is_found_by_the_search(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    connectors.data_ingest_wizard(NAME)
    run(lab, connectors.trigger_ingestion(NAME))
    source_id, alert = next(iter(lab.alerts().items()))
    hits = client.search.search(source_id, index=["alerts", "incidents"])["hits"]
    assert [(hit["_index"], hit["_id"]) for hit in hits["hits"]] == [("alerts", alert["uuid"])]
    assert hits["hits"][0]["_source"]["severity"] == alert["severity"]


def test_each_configuration_has_an_ingestion_of_its_own(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    default = connectors.data_ingest_wizard(NAME)
    other = connectors.data_ingest_wizard(NAME, config="Lab")
    assert other.config_id != default.config_id
    assert not {each["uuid"] for each in clones(client, default).values()} & {
        each["uuid"] for each in clones(client, other).values()
    }
    run(lab, connectors.trigger_ingestion(NAME, config="Lab"))
    run(lab, connectors.trigger_ingestion(NAME))
    macros = client.get("/api/wf/api/dynamic-variable/?format=json")["hydra:member"]
    assert len({macro["name"] for macro in macros}) == 2
    assert len(lab.alerts()) == len({row["sourceId"] for row in lab.alerts().values()})  # no alert twice


def test_the_wizard_asks_for_a_green_health_check(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    lab.configure_default(fortimonitor_api_key="wrong")
    with pytest.raises(ValueError, match="not 'Available'"):
        connectors.data_ingest_wizard(NAME)
    assert client.workflow_collections.exists(connectors.resolve_config(NAME, "Default")) is False


def test_the_samples_go_through_the_clients_own_language_and_still_ingest(
    lab: PlaybookLab, client: Any, connectors: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where the client keeps what it learns from FortiSOAR
    uuid = connectors.find_sample_ingestion_collection(NAME)
    before = shapes(client.workflow_collections.get(uuid).workflows)
    source = client.workflow_collections.export_to_yaml(COLLECTION)
    client.workflow_collections.delete(uuid)
    try:
        (made,) = client.workflow_collections.import_from_yaml(source)
        assert (made.uuid, made.name) == (uuid, COLLECTION)
        assert shapes(client.workflow_collections.get(uuid).workflows) == before
        connectors.data_ingest_wizard(NAME)
        run(lab, connectors.trigger_ingestion(NAME))
        assert lab.alerts()
    finally:
        lab.install()


def shapes(workflows: list[Any]) -> dict[str, Any]:
    """Return the steps and the routes of playbooks; the client's language makes a connector's step of a utility's."""
    return {
        each["name"]: (
            sorted((step["uuid"], step["name"]) for step in each["steps"]),
            sorted((route["sourceStep"], route["targetStep"], route["label"] or "") for route in each["routes"]),
        )
        for each in workflows
    }


# Its schedule.


def test_the_schedule_runs_the_ingestion(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    setup = connectors.data_ingest_wizard(NAME, cron="*/5 * * * *")
    assert (setup.scheduled, setup.schedule_name) == (True, f"Ingestion_{NAME}_Default_{setup.config_id}")
    lab.control.advance(300)
    lab.soar.playbooks.schedules.look()
    lab.soar.playbooks.settle()

    assert lab.alerts()
    audit = client.schedules.audit(setup.schedule_name)
    assert (audit["workflow_name"], audit["total_run_count"], audit["problems"]) == (INGEST, 1, [])


def test_the_metadata_lead_from_the_configuration_to_its_schedule(
    lab: PlaybookLab, client: Any, connectors: Any
) -> None:
    setup = connectors.data_ingest_wizard(NAME, cron="*/5 * * * *")

    (saved,) = connectors.ingestion_metadata(setup.config_id)

    name = setup.schedule_name
    assert (saved.name, saved.description) == (name, f"Metadata for {name}")
    assert saved.connector == {"name": NAME, "version": VERSION}
    assert saved.metadata == {"scheduleId": setup.schedule_id, "scheduleName": name, "scheduleStatus": True}
    actor = client.get("/api/3/actors/current")["uuid"]
    assert (saved.created_by, saved.modified_by) == (actor, actor)
    assert connectors.ingestion_metadata("another") == []

    client.schedules.disable(name)
    assert connectors.ingestion_status(NAME).schedule_enabled is True
    status = connectors.ingestion_status(NAME, live_schedule=True)
    assert (status.configured, status.schedule_enabled, status.schedule_id) == (True, False, setup.schedule_id)


def test_saving_metadata_again_changes_them_and_keeps_the_sample_data(client: Any, connectors: Any) -> None:
    config = connectors.resolve_config(NAME, "Default")
    about = {"connector": NAME, "version": VERSION}
    made = connectors.save_ingestion_metadata(config, **about, name=config, sample_data=[{"a": 1}])
    again = connectors.save_ingestion_metadata(config, **about, name="S", schedule_id="schedule-1", created=False)
    assert (again["id"], again["name"], again["sample_data"]) == (made["id"], "S", [{"a": 1}])
    assert again["created_by"] == made["created_by"] == client.get("/api/3/actors/current")["uuid"]
    (saved,) = connectors.ingestion_metadata(config)
    assert (saved.schedule_id, saved.sample_data) == ("schedule-1", [{"a": 1}])


def test_metadata_without_a_configuration_are_refused(lab: PlaybookLab) -> None:
    lab.api("POST", IMPORTS, {"name": "N"}, 400)
    lab.api("DELETE", f"{IMPORTS}4711/", status=404)
    made = lab.api("POST", IMPORTS, {"configuration": "c", "name": "N"}, 201)
    assert lab.api("PUT", f"{IMPORTS}{made['id']}/", {"name": "M"})["name"] == "M"
    assert lab.api("GET", f"{IMPORTS}{made['id']}/")["name"] == "M"
    listed = lab.api("GET", f"{IMPORTS}?configuration=c")
    assert (listed["status"], listed["totalItems"], len(listed["data"])) == ("Success", 1, 1)


# Again, and away.


def test_what_is_set_up_is_not_set_up_again(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    first = connectors.ensure_ingestion(NAME, cron="*/5 * * * *")
    before = clones(client, first)

    again = connectors.ensure_ingestion(NAME)
    reused = connectors.data_ingest_wizard(NAME)

    assert (first.existed, again.existed, reused.cloned) == (False, True, False)
    assert (again.schedule_id, again.scheduled) == (first.schedule_id, True)
    assert again.ingest_playbook_iri == reused.ingest_playbook_iri == first.ingest_playbook_iri
    assert clones(client, first) == before


def test_an_ingestion_outlives_an_upgrade_of_the_connector(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    setup = connectors.data_ingest_wizard(NAME)
    lab.install()
    assert connectors.ingestion_status(NAME).configured is True
    assert len(lab.workflows()) > len(INGESTION)  # the samples are there anew, each once
    run(lab, connectors.trigger_ingestion(NAME))
    assert lab.alerts()
    assert sorted(clones(client, setup)) == INGESTION


def saved(lab: PlaybookLab, client: Any, setup: Any, name: str, step: str, **changes: Any) -> None:
    """Change arguments of a step of a cloned playbook, as the wizard and the designer save them."""
    clone = clones(client, setup)[name]
    arguments = clone["steps"][step]["arguments"]
    given = {key: {**arguments[key], **value} if key == "resource" else value for key, value in changes.items()}
    clone["steps"][step]["arguments"] = {**arguments, **given}
    lab.api("PUT", f"/api/3/workflows/{clone['uuid']}", {"steps": list(clone["steps"].values())})


def arguments_of(made: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {(name, step): row["arguments"] for name, clone in made.items() for step, row in clone["steps"].items()}


@contextmanager
def version(lab: PlaybookLab, archive: Path, number: str, folder: Path) -> Iterator[None]:
    """Upgrade the connector to another version until the end of the block."""
    newer = folder / "newer.tgz"
    with tarfile.open(archive) as old, tarfile.open(newer, "w:gz") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read() if member.isfile() else b""  # type: ignore[union-attr]
            if member.name.endswith(("/info.json", "/playbooks.json")):
                content = content.replace(VERSION.encode(), number.encode())
            member.size = len(content)
            new.addfile(member, BytesIO(content))
    with newer.open("rb") as file:
        query = {"$type": "connector", "$replace": "true"}
        answer = lab.ask("POST", "/api/3/solutionpacks/install", params=query, files={"file": (newer.name, file)})
    assert (answer.status_code, answer.json()["version"]) == (200, number)
    try:
        yield
    finally:
        lab.install()


def test_filters_a_sample_and_a_changed_mapping_stay_as_they_were_set(
    lab: PlaybookLab, client: Any, connectors: Any, archive: Path, tmp_path: Path
) -> None:
    setup = connectors.data_ingest_wizard(NAME)
    saved(lab, client, setup, FETCH, "Configuration", lookback=20_000, severity=["High"], incident_id="5")

    sample = lab.api(
        "POST", f"/api/triggers/1/notrigger/{clones(client, setup)[FETCH]['uuid']}", {"request": {"env_setup": True}}
    )
    (shown,) = lab.settled(sample["task_id"]).result["data"]
    assert shown["source_id"] == lab.source_id(5)

    mapping = {"name": "SIEM: {{vars.item.title}}", "userName": "{{vars.item.users | join(', ')}}", "rule": "R-1"}
    saved(lab, client, setup, CREATE, "Create Record", resource=mapping)
    run(lab, connectors.trigger_ingestion(NAME))
    stored = lab.alerts()
    assert stored.keys() == {lab.source_id(1), lab.source_id(2)}
    assert {(row["name"].partition(":")[0], row["rule"]) for row in stored.values()} == {("SIEM", "R-1")}

    saved(lab, client, setup, FETCH, "Configuration", severity=["High", "Low"], status=["Open"])
    kept = arguments_of(clones(client, setup))
    assert kept[CREATE, "Create Record"]["resource"].items() >= mapping.items()
    assert kept[FETCH, "Configuration"].items() >= {"severity": ["High", "Low"], "incident_id": "5"}.items()

    connectors.data_ingest_wizard(NAME)  # again, as it is
    assert arguments_of(clones(client, setup)) == kept
    lab.install()  # again
    assert arguments_of(clones(client, setup)) == kept
    with version(lab, archive, "1.9.0", tmp_path):
        assert arguments_of(clones(client, setup)) == kept
        lab.control.advance(60)
        lab.siem.add_incidents(1, eventSeverityCat="LOW", incidentLastSeen=lab.siem.now(), incidentStatus=0)
        lab.siem.add_incidents(1, eventSeverityCat="LOW", incidentLastSeen=lab.siem.now(), incidentStatus=1)
        lab.siem.add_incidents(1, eventSeverityCat="MEDIUM", incidentLastSeen=lab.siem.now(), incidentStatus=0)
        run(lab, connectors.trigger_ingestion(NAME))
        after = lab.alerts()
        assert after.keys() == stored.keys() | {lab.source_id(8)}
        assert (after[lab.source_id(8)]["name"].partition(":")[0], after[lab.source_id(8)]["rule"]) == ("SIEM", "R-1")


def test_removing_the_schedule_alone_can_be_repeated(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    setup = connectors.data_ingest_wizard(NAME, cron="*/5 * * * *")
    client.schedules.delete(setup.schedule_name)
    client.workflow_collections.delete(setup.collection_uuid)
    removed = connectors.remove_ingestion(NAME)
    assert (removed.schedule_deleted, removed.metadata_deleted, removed.collection_uuid) == (False, 1, None)


def test_removing_an_ingestion_leaves_its_alerts_alone(lab: PlaybookLab, client: Any, connectors: Any) -> None:
    setup = connectors.data_ingest_wizard(NAME, cron="*/5 * * * *")
    run(lab, connectors.trigger_ingestion(NAME))
    ingested = lab.alerts()

    plan = connectors.remove_ingestion(NAME, dry_run=True)
    assert (plan.schedule_deleted, connectors.ingestion_status(NAME).configured) == (False, True)
    removed = connectors.remove_ingestion(NAME)

    assert (removed.schedule_deleted, removed.metadata_deleted) == (True, 1)
    # The collection went with the metadata already.
    assert (removed.collection_uuid, removed.collection_deleted) == (setup.config_id, False)
    assert [each.name for each in client.workflow_collections.list()] == [COLLECTION]
    assert (client.schedules.list(), connectors.ingestion_metadata(setup.config_id)) == ([], [])
    assert connectors.ingestion_status(NAME).configured is False
    assert client.get(f"/api/3/workflows?collection={setup.config_id}&$showDeleted=true")["hydra:member"] == []
    assert lab.alerts() == ingested
    assert connectors.remove_ingestion(NAME).metadata_deleted == 0
