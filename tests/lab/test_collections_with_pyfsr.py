"""Collections, playbooks, their steps and versions under a client that was written against the real FortiSOAR."""

from __future__ import annotations

import copy
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyfsr.exceptions import APIError, FortiSOARException, ResourceNotFoundError

from tests.support.playbooks import (
    COLLECTION,
    Row,
    Soar,
    exported,
    playbook,
    set_variables,
    start,
    step,
    step_iri,
    workflow_uuid,
)

# A FortiSOAR, its base URL and its CA's file; the last is Any because pyfsr declares verify_ssl as bool alone.
OTHER = "0c0ffee0-0000-4000-8000-000000000001"
TAKEN = "UniqueConstraintViolationException"


@pytest.fixture
def soar(served: tuple[Soar, str, str]) -> Soar:
    return served[0]


@pytest.fixture
def collections(client: Any) -> Any:
    return client.workflow_collections


def sample(*names: str) -> Row:
    """Return an export of playbooks with two steps each."""
    return exported(*(playbook(name, start(), set_variables("Set", x=1)) for name in names or ("P",)))


def names_of(playbooks: list[Any]) -> list[str]:
    return [each["name"] for each in playbooks]


def steps_of(client: Any, name: str) -> list[str]:
    return names_of(client.playbooks.get_definition(workflow_uuid(name)).to_dict(by_alias=True)["steps"])


def refused(problem: pytest.ExceptionInfo[FortiSOARException]) -> tuple[int | None, str | None]:
    return problem.value.status_code, problem.value.error_type


# Collections.


def test_a_collection_is_created_changed_and_found(client: Any, collections: Any) -> None:
    made = collections.create_collection("Mine", description="Of my own", record_tags=["a"], uuid=OTHER)
    assert (made.uuid, made.name, made.visible, made.recordTags, made.deletedAt) == (OTHER, "Mine", True, ["a"], None)

    collections.update(OTHER, name="Ours", visible=False)

    (row,) = collections.list(relationships=True)
    assert (row.name, row.description, row.visible, row.workflows) == ("Ours", "Of my own", False, [])
    assert row.createDate == made.createDate <= row.modifyDate
    with pytest.raises(ResourceNotFoundError):
        collections.update(COLLECTION, name="Nobody's")


def test_a_collection_brings_its_playbooks_and_is_exported_as_it_was(client: Any, collections: Any) -> None:
    (made,) = collections.import_export(sample("P", "Q"))
    assert (made.uuid, made.name) == (COLLECTION, "Tests")

    read = collections.get(COLLECTION).to_dict()
    assert names_of(read["workflows"]) == ["P", "Q"]
    for before, after in zip(sample("P", "Q")["data"][0]["workflows"], read["workflows"], strict=True):
        assert before.items() <= {**after, "steps": before["steps"], "routes": before["routes"]}.items()
        for key in ("steps", "routes"):
            pairs = zip(before[key], after[key], strict=True)
            assert all(old.items() <= new.items() for old, new in pairs)


def test_importing_what_is_there_is_a_conflict_and_changes_nothing(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    with pytest.raises(APIError) as problem:
        collections.import_export(sample("P", "Q"))
    assert refused(problem) == (409, TAKEN)
    assert names_of(client.playbooks.list()) == ["P"]


@pytest.mark.parametrize("differs", ["uuid", "name"])
def test_a_collections_uuid_and_name_are_its_own_even_in_the_recycle_bin(collections: Any, differs: str) -> None:
    collections.create_collection("Mine", uuid=OTHER)
    collections.delete(OTHER, hard=False)
    again: Row = {"name": "Another", "uuid": OTHER} if differs == "name" else {"name": "Mine"}
    with pytest.raises(APIError) as problem:
        collections.create_collection(**again)
    assert refused(problem) == (409, TAKEN)


def test_a_collection_cannot_bring_a_playbook_that_lives_elsewhere(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    moved = sample("P")
    moved["data"][0] |= {"uuid": OTHER, "name": "Other"}
    with pytest.raises(APIError) as problem:
        collections.import_export(moved)
    assert refused(problem) == (409, TAKEN)
    assert collections.exists(OTHER) is False

    # With a UUID of its own it still has the steps of the other.
    moved["data"][0]["workflows"][0]["uuid"] = OTHER
    with pytest.raises(APIError) as problem:
        collections.import_export(moved)
    assert refused(problem) == (409, TAKEN)
    assert (collections.exists(OTHER), names_of(client.playbooks.list())) == (False, ["P"])


def test_a_collection_cannot_take_the_name_of_another(client: Any, collections: Any) -> None:
    collections.create_collection("Mine", uuid=OTHER)
    collections.create_collection("Yours", uuid=COLLECTION)
    with pytest.raises(APIError) as problem:
        collections.update(OTHER, name="Yours")
    assert refused(problem) == (409, TAKEN)
    assert collections.update(OTHER, name="Mine", visible=False).visible is False


def test_a_zip_of_the_export_button_is_imported(client: Any, collections: Any, tmp_path: Path) -> None:
    (collection,) = sample("P", "Q")["data"]
    workflows = collection.pop("workflows")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name, content in (("collection.metadata", collection), *((each["name"], each) for each in workflows)):
            archive.writestr(f"Export/playbooks/Tests/{name}.json", json.dumps(content))
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match="hard-deletes"):
            answer = collections.import_export_zip(tmp_path / "export.zip")
        assert [each.name for each in answer["collections"]] == ["Tests"]
    assert names_of(client.playbooks.list()) == ["P", "Q"]


def test_a_replacing_import_removes_what_was_there(client: Any, collections: Any) -> None:
    collections.import_export(sample("P", "Q"))
    with pytest.warns(DeprecationWarning, match="hard-deletes"):
        collections.import_export(sample("P"), replace=True)
    assert names_of(client.playbooks.list()) == ["P"]


def test_what_brings_no_collection_is_refused(soar: Soar) -> None:
    soar.product.switches.set("bulk_with_api_key", "works")
    for body in ("x", [1]):
        soar.ask("POST", "/api/3/bulkupsert/workflow_collections", body, 400)
        soar.ask("POST", "/api/3/bulkupsert/workflows", body, 400)


def test_a_collection_without_a_name_is_refused(soar: Soar) -> None:
    answer = soar.ask("POST", "/api/3/workflow_collections", {"uuid": OTHER}, 400)
    assert answer == {"message": "name: This value should not be blank."}


def test_an_upsert_creates_changes_and_restores(client: Any, collections: Any) -> None:
    bare = sample("P")["data"][0]
    assert collections.upsert(bare).uuid == COLLECTION
    changed = copy.deepcopy(bare)
    changed |= {"description": "Changed"}
    changed["workflows"][0]["isActive"] = True
    collections.delete(COLLECTION, hard=False)
    assert collections.exists(COLLECTION) is False

    assert collections.upsert(changed).description == "Changed"

    read = collections.get(COLLECTION)
    assert [(each["name"], each["isActive"]) for each in read.workflows] == [("P", True)]
    assert collections.upsert({"name": "Tests", "visible": False}).uuid == COLLECTION  # found by its name
    assert len(collections.list()) == 1


def test_many_collections_are_upserted_and_failures_told(client: Any, collections: Any) -> None:
    collections.create_collection("Mine", uuid=OTHER)
    answer = collections.create_collections([sample("P")["data"][0], {"uuid": OTHER, "name": "Renamed"}, {"name": ""}])
    assert [row["name"] for row in answer["success"]] == ["Tests", "Renamed"]
    (failure,) = answer["failure"]
    assert failure.startswith("POST method for object at index #2 in the request payload failed with error: ")


def test_a_collection_in_the_recycle_bin_takes_its_playbooks_there_and_back(client: Any, collections: Any) -> None:
    collections.import_export(sample("P", "Q"))
    client.playbooks.delete(workflow_uuid("Q"), hard=False)
    client.playbooks.ensure_active(workflow_uuid("P"))

    collections.delete(COLLECTION, hard=False)

    assert (collections.list(), client.playbooks.list()) == ([], [])
    shown = client.get(f"/api/3/workflow_collections/{COLLECTION}", params={"$showDeleted": "true"})
    assert shown["deletedAt"] > 0
    with pytest.raises(ResourceNotFoundError):
        collections.update(COLLECTION, deletedAt=None)  # only who sees the bin takes something out of it
    assert collections.restore(COLLECTION).deletedAt is None
    assert names_of(client.playbooks.list()) == ["P"]  # Q was there before
    assert client.playbooks.list()[0]["isActive"] is True


def test_a_hard_delete_removes_a_collection_from_the_recycle_bin_too(client: Any, collections: Any) -> None:
    collections.import_export(sample())
    collections.delete(COLLECTION, hard=False)
    collections.delete(COLLECTION)
    with pytest.raises(ResourceNotFoundError):
        client.get(f"/api/3/workflow_collections/{COLLECTION}", params={"$showDeleted": "true"})
    assert client.playbooks.query({"logic": "AND", "filters": []}, show_deleted=True) == []


def test_a_playbook_in_the_recycle_bin_runs_no_more(soar: Soar, client: Any, collections: Any) -> None:
    hook = start("cybersponse.api_call", route="hook")
    soar.load(playbook("P", hook, isActive=True))
    client.playbooks.delete(workflow_uuid("P"), hard=False)
    soar.ask("POST", "/api/triggers/1/hook", {}, 404)
    soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {}, 404)


# Those of connectors.


@pytest.fixture
def installed(soar: Soar) -> Callable[[Any], Row]:
    """A function that installs a connector with these playbooks, given as an export or as text."""

    def install(export: Any) -> Row:
        text = export if isinstance(export, str) else json.dumps(export)
        info = {"name": "probe", "label": "Probe", "version": "1.0.0", "operations": [], "configuration": {}}
        files = {"info.json": json.dumps(info), "connector.py": "", "playbooks/playbooks.json": text}
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name, file in files.items():
                member = tarfile.TarInfo(f"probe/{name}")
                member.size = len(file)
                tar.addfile(member, io.BytesIO(file.encode()))
        path = "/api/3/solutionpacks/install?$type=connector&$replace=true"
        answer = soar.http.post(path, files={"file": ("probe.tgz", content.getvalue())})
        assert answer.status_code == 200, answer.text
        row: Row = answer.json()
        return row

    return install


def test_a_connector_tells_the_collection_it_brings_before_anybody_looks(
    installed: Callable[[Any], Row], collections: Any
) -> None:
    (told,) = installed(sample("P"))["playbook_collections"]
    assert told["@id"] == f"/api/3/workflow_collections/{COLLECTION}"

    unnamed = sample("P")
    del unnamed["data"][0]["uuid"]
    (told,) = installed(unnamed)["playbook_collections"]
    assert [f"/api/3/workflow_collections/{row.uuid}" for row in collections.list()] == [told["@id"]]


def test_a_connectors_collection_that_was_removed_stays_away_until_the_next_install(
    installed: Callable[[Any], Row], client: Any, collections: Any
) -> None:
    number = installed(sample("P"))["id"]
    collections.delete(COLLECTION)
    assert (collections.list(), client.playbooks.list()) == ([], [])
    assert client.post(f"/api/integration/connectors/{number}/", data={})["playbook_collections"] == []

    installed(sample("P"))
    assert names_of(client.playbooks.list()) == ["P"]


def test_a_connectors_upgrade_replaces_its_playbooks_wherever_they_are(
    installed: Callable[[Any], Row], client: Any, collections: Any
) -> None:
    installed(sample("P", "Q"))
    client.playbooks.update(workflow_uuid("P"), description="Changed")
    collections.delete(COLLECTION, hard=False)
    installed(sample("P"))
    assert [(row["name"], row.get("description")) for row in client.playbooks.list()] == [("P", None)]


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"data": []}', '{"data": [1], "macros": 2}'])
def test_a_connector_whose_export_cannot_be_read_has_no_playbooks(
    installed: Callable[[Any], Row], client: Any, text: str
) -> None:
    installed(text)
    assert client.playbooks.list() == []


# Deploying.


def test_a_deploy_creates_a_collection_that_runs(soar: Soar, client: Any, collections: Any) -> None:
    report = collections.deploy(sample("P", "Q"))
    assert (report["new"], report["created"]) == (["P", "Q"], [workflow_uuid("P"), workflow_uuid("Q")])
    task_id = soar.trigger("P")
    assert client.playbooks.status(task_id) == "finished"


def test_a_deploy_changes_playbooks_in_place(soar: Soar, client: Any, collections: Any, tmp_path: Path) -> None:
    collections.deploy(sample("P", "Q"))
    changed = exported(
        playbook("P", start(), set_variables("Set", x=2), set_variables("More", y="{{ vars.x + 1 }}")),
        playbook("R", start()),
    )

    report = collections.deploy(changed, prune=True, backup_dir=tmp_path)

    assert (report["new"], report["changed"], report["orphans"]) == (["R"], ["P"], ["Q"])
    assert (report["updated"], report["created"]) == ([workflow_uuid("P")], [workflow_uuid("R")])
    assert report["pruned"] == [workflow_uuid("Q")]
    assert steps_of(client, "P") == ["Start", "Set", "More"]
    task_id = soar.trigger("P")
    assert client.playbooks.run_env(task_id).env["y"] == 3
    assert collections.deploy(changed)["unchanged"] == ["P", "R"]


def test_a_backup_of_a_deploy_can_be_imported_again(client: Any, collections: Any, tmp_path: Path) -> None:
    collections.deploy(sample("P"))
    collections.deploy(sample("P"), backup_dir=tmp_path)
    (backup,) = tmp_path.iterdir()
    collections.delete(COLLECTION)
    collections.import_from_file(backup)
    assert steps_of(client, "P") == ["Start", "Set"]


def test_a_deploy_that_would_lose_steps_changes_nothing(client: Any, collections: Any) -> None:
    collections.deploy(sample("P"))
    with pytest.raises(ValueError, match="box-only steps"):
        collections.deploy(exported(playbook("P", start())))
    assert steps_of(client, "P") == ["Start", "Set"]
    collections.deploy(exported(playbook("P", start())), overwrite_changed=True)
    assert steps_of(client, "P") == ["Start"]
    with pytest.raises(ResourceNotFoundError):
        client.get(step_iri("P", "Set"))


def test_a_deploy_restores_what_lies_in_the_recycle_bin(client: Any, collections: Any) -> None:
    collections.deploy(sample("P"))
    collections.delete(COLLECTION, hard=False)
    collections.deploy(sample("P"))
    assert names_of(collections.get(COLLECTION).workflows) == ["P"]


def test_a_deploy_over_playbooks_of_another_collection_is_stopped(client: Any, collections: Any) -> None:
    collections.deploy(sample("P"))
    other = sample("P")
    other["data"][0] |= {"uuid": OTHER, "name": "Other"}
    with pytest.raises(ValueError, match="already live in a DIFFERENT collection"):
        collections.deploy(other)


# Playbooks.


def test_a_clone_shares_nothing_with_its_source(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    collections.create_collection("Mine", uuid=OTHER)

    made = client.playbooks.clone(workflow_uuid("P"), "Copy", collection=OTHER, record_tags=["mine"])

    assert (made["name"], made["recordTags"], made["isActive"]) == ("Copy", ["mine"], False)
    assert made["collection"] == f"/api/3/workflow_collections/{OTHER}"
    copied = client.playbooks.get_definition(made["uuid"]).to_dict(by_alias=True)
    assert made["steps"] == [row["@id"] for row in copied["steps"]]
    source = client.playbooks.get_definition(workflow_uuid("P")).to_dict(by_alias=True)
    assert not {row["uuid"] for row in copied["steps"]} & {row["uuid"] for row in source["steps"]}
    assert copied["routes"][0]["sourceStep"] == copied["steps"][0]["@id"] == copied["triggerStep"]
    assert names_of(collections.get(OTHER).workflows) == ["Copy"]


def test_a_playbook_whose_steps_claim_to_be_there_is_refused(soar: Soar) -> None:
    body = playbook("P", start(), collection=None)
    body["steps"][0]["@id"] = step_iri("P", "Start")
    answer = soar.ask("POST", "/api/3/workflows", body, 404)
    assert answer["type"] == "EntityNotFoundException"


def test_a_playbook_needs_a_collection_that_exists(soar: Soar) -> None:
    answer = soar.ask("POST", "/api/3/workflows", playbook("P", start()), 400)
    assert answer["type"] == "ForeignKeyConstraintViolationException"
    assert COLLECTION in answer["message"]


def test_a_playbook_moves_only_to_a_collection_that_exists(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    with pytest.raises(FortiSOARException) as problem:
        client.playbooks.update(workflow_uuid("P"), collection=f"/api/3/workflow_collections/{OTHER}")
    assert refused(problem) == (400, "ForeignKeyConstraintViolationException")
    collections.create_collection("Mine", uuid=OTHER)
    client.playbooks.update(workflow_uuid("P"), collection=f"/api/3/workflow_collections/{OTHER}")
    assert (names_of(collections.get(OTHER).workflows), collections.get(COLLECTION).workflows) == (["P"], [])


def test_a_change_is_dated(soar: Soar, client: Any, collections: Any) -> None:
    (made,) = collections.import_export(sample("P"))
    soar.clock.advance(60)
    workflow = client.playbooks.update(workflow_uuid("P"), description="Changed")
    collection = collections.update(COLLECTION, visible=False)
    assert made.createDate == made.modifyDate == collection.createDate == workflow["createDate"]
    assert workflow["modifyDate"] >= made.createDate + 60
    assert collection.modifyDate >= made.createDate + 60


def test_a_step_that_is_sent_back_as_it_was_read_stays_the_same(soar: Soar) -> None:
    soar.load(*sample("P")["data"][0]["workflows"])
    path = f"/api/3/workflows/{workflow_uuid('P')}"
    read = soar.ask("GET", f"{path}?$relationships=true")
    assert [step["stepType"]["name"] for step in read["steps"]] == ["cybersponse.abstract_trigger", "SetVariable"]
    stored = f"/api/3/workflow_collections/{COLLECTION}?$relationships=true"
    before = soar.ask("GET", stored)["workflows"][0]["steps"]
    soar.ask("PUT", path, {"steps": read["steps"]})
    assert soar.ask("GET", stored)["workflows"][0]["steps"] == before


def test_what_the_server_keeps_is_not_changed_by_a_client(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    before = client.playbooks.get_definition(workflow_uuid("P")).to_dict(by_alias=True)
    kept = {"uuid": OTHER, "@id": "/api/3/workflows/x", "createDate": 0, "deletedAt": 5}
    after = client.put(f"/api/3/workflows/{workflow_uuid('P')}", data=kept)
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    changed = client.put(f"/api/3/workflow_collections/{COLLECTION}", data=kept)
    assert (changed["uuid"], changed["deletedAt"]) == (COLLECTION, None)
    assert changed["createDate"] == before["createDate"]


def test_playbooks_are_created_in_bulk_but_not_changed(client: Any, collections: Any) -> None:
    rows = sample("P", "Q")["data"][0]["workflows"]
    assert names_of(client.playbooks.create_playbooks(rows)["success"]) == ["P", "Q"]
    assert collections.get(COLLECTION).name == f"Imported collection {COLLECTION[:8]}"
    with pytest.raises(APIError) as problem:
        client.playbooks.create_playbooks([playbook("R", start()), rows[0]])
    assert TAKEN in str(problem.value)
    assert names_of(client.playbooks.list()) == ["P", "Q", "R"]


def test_a_step_is_new_kept_or_gone_by_how_it_is_sent(soar: Soar) -> None:
    soar.load(*sample("P", "Q")["data"][0]["workflows"])
    path = f"/api/3/workflows/{workflow_uuid('P')}"
    kept, known = step_iri("P", "Start"), playbook("P", start(), set_variables("Set", x=1))["steps"][1]

    answer = soar.ask("PUT", path, {"steps": [kept, known]}, 409)  # a row without its address is a new one
    assert answer["type"] == TAKEN
    foreign = {**known, "uuid": step_iri("Q", "Set").rsplit("/", 1)[-1]}
    soar.ask("PUT", path, {"steps": [kept, foreign]}, 409)
    soar.ask("PUT", path, {"steps": [kept, "/api/3/workflow_steps/none"]}, 404)

    changed = {**known, "@id": step_iri("P", "Set"), "name": "Changed"}
    answer = soar.ask("PUT", path, {"steps": [changed, {**known, "name": "New", "uuid": OTHER}]})
    assert answer["steps"] == [step_iri("P", "Set"), f"/api/3/workflow_steps/{OTHER}"]
    shown = soar.ask("GET", f"{path}?$relationships=true")
    assert names_of(shown["steps"]) == ["Changed", "New"]
    assert shown["steps"][0]["arguments"] == {"x": 1}


def test_a_step_belongs_to_the_playbook_that_names_it_alone(soar: Soar) -> None:
    soar.load(playbook("P", start()))
    path = f"/api/3/workflows/{workflow_uuid('P')}"
    made = soar.ask("POST", "/api/3/workflow_steps", {"name": "Alone", "workflow": path}, 201)
    assert made["workflow"] is None
    assert names_of(soar.ask("GET", f"{path}/steps")["hydra:member"]) == ["Start"]
    soar.ask("POST", f"{path}/steps", {"name": "Another"}, 405)
    soar.ask("DELETE", f"{path}/steps/{step_iri('P', 'Start').rsplit('/', 1)[-1]}", status=405)

    soar.ask("PUT", path, {"steps": [step_iri("P", "Start"), made["@id"]]})

    assert names_of(soar.ask("GET", f"{path}/steps")["hydra:member"]) == ["Start", "Alone"]
    assert soar.ask("GET", made["@id"])["workflow"] == path
    soar.ask("DELETE", f"{path}?$hardDelete=true", status=204)
    soar.ask("GET", made["@id"], status=404)


def test_a_playbook_of_a_bulk_that_cannot_be_stored_leaves_nothing_behind(soar: Soar) -> None:
    soar.product.switches.set("bulk_with_api_key", "works")
    soar.load(playbook("P", start()))
    other = playbook("Q", start(), set_variables("Set", x=1))
    other["steps"][1]["uuid"] = step_iri("P", "Start").rsplit("/", 1)[-1]
    answer = soar.ask("POST", "/api/3/bulkupsert/workflows", [other, playbook("R", start())], 207)
    assert (names_of(answer["success"]), len(answer["failure"])) == (["R"], 1)
    soar.ask("GET", f"/api/3/workflows/{workflow_uuid('Q')}", status=404)
    soar.ask("GET", step_iri("Q", "Start"), status=404)


def test_the_types_of_steps_are_told(soar: Soar) -> None:
    (row,) = soar.ask("GET", "/api/3/workflow_step_types?name=Connectors")["hydra:member"]
    assert (row["@type"], row["uuid"]) == ("WorkflowStepType", "0bfed618-0316-11e7-93ae-92361f002671")


def test_a_steps_timeout_is_set_and_cleared(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    made = client.playbooks.set_step_timeout(step_iri("P", "Set"), operation_timeout=30, retry=1)
    assert made["arguments"] == {"x": 1, "timeout": {"operation_timeout": 30, "retry": 1}}
    read = client.get(step_iri("P", "Set"))
    assert (read["@type"], read["name"]) == ("WorkflowStep", "Set")
    assert read["workflow"] == f"/api/3/workflows/{workflow_uuid('P')}"
    assert client.playbooks.clear_step_timeout(step_iri("P", "Set"))["arguments"] == {"x": 1}
    assert steps_of(client, "P") == ["Start", "Set"]


def test_a_route_is_read_and_changed(soar: Soar) -> None:
    rows = sample("P")["data"][0]["workflows"]
    soar.load(*rows)
    path = f"/api/3/workflow_routes/{rows[0]['routes'][0]['uuid']}"
    soar.ask("PUT", path, {"label": "then", "workflow": "/api/3/workflows/another", "uuid": OTHER})
    answer = soar.ask("GET", path)
    assert (answer["@type"], answer["label"], answer["targetStep"]) == ("WorkflowRoute", "then", step_iri("P", "Set"))
    assert answer["workflow"].endswith(workflow_uuid("P"))


# Finding.


def connector_step(connector: str) -> Row:
    return step("Call", "Connectors", connector=connector, operation="ping", params={})


@pytest.fixture
def varied(soar: Soar) -> None:
    """A few playbooks of different kinds."""
    button = start("cybersponse.action", route="r0ute", resources=["alerts", "assets"], title="Press me")
    soar.load(
        playbook("Button", button, isActive=True, tag="#one #two", description="Pressed by people"),
        playbook("Ping", start(), connector_step("pinger"), recordTags=["Ping", "dataingestion"]),
        playbook("On Create", start("cybersponse.post_create", resources=["assets"]), isPrivate=True),
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"name": "Ping"}, ["Ping"]),
        ({"name_contains": "on"}, ["Button", "On Create"]),
        ({"tag": "two"}, ["Button"]),
        ({"active": True}, ["Button"]),
        ({"active": False}, ["On Create", "Ping"]),
        ({"private": True}, ["On Create"]),
        ({"trigger_type": "on_create"}, ["On Create"]),
        ({"trigger_module": "assets"}, ["Button", "On Create"]),
        ({"trigger_type": "manual", "trigger_module": "incidents"}, []),
        ({"step_type": "connector"}, ["Ping"]),
        ({"uses_connector": "pinger"}, ["Ping"]),
        ({"collection": COLLECTION}, ["Button", "On Create", "Ping"]),
        ({"collection": OTHER}, []),
        ({"params": {"$search": "PRESSED"}}, ["Button"]),
        ({"params": {"$orderby": "-name"}}, ["Ping", "On Create", "Button"]),
        ({"params": {"$orderby": "isPrivate,-name"}}, ["Ping", "Button", "On Create"]),
        ({"params": {"$orderby": "triggerStep.arguments,name"}}, ["On Create", "Button", "Ping"]),
        ({"params": {"$orderby": "-name", "$page": 2}, "limit": 2}, ["Button"]),
        ({"params": {"isPrivate$exists": "false"}}, ["Button", "Ping"]),
    ],
)
@pytest.mark.usefixtures("varied")
def test_playbooks_are_found_by_what_they_are(client: Any, wanted: Row, found: list[str]) -> None:
    assert names_of(client.playbooks.find(**wanted)) == found


@pytest.mark.parametrize(
    ("field", "operator", "value", "found"),
    [
        ("uuid", "in", [workflow_uuid("Ping"), workflow_uuid("Button")], ["Button", "Ping"]),
        ("name", "in", "ping|none", ["Ping"]),
        ("name", "nin", ["Ping"], ["Button", "On Create"]),
        ("name", "neq", "Ping", ["Button", "On Create"]),
        ("name", "notlike", "%n%", []),
        ("collection.uuid", "eq", COLLECTION, ["Button", "On Create", "Ping"]),
        ("collection", "eq", f"/api/3/workflow_collections/{COLLECTION}", ["Button", "On Create", "Ping"]),
        ("collection__uuid", "eq", COLLECTION, ["Button", "On Create", "Ping"]),
        ("tag.uuid", "like", "%#ONE%", ["Button"]),
        ("name", "like", "P_ng%", ["Ping"]),
        ("recordTags.uuid", "like", "%ingest%", ["Ping"]),
        ("recordTags", "contains", "dataingestion", ["Ping"]),
        ("isPrivate", "isnull", True, ["Button", "Ping"]),
        ("isPrivate", "eq", None, ["Button", "Ping"]),
        ("steps.stepType.name", "eq", "Connectors", ["Ping"]),
        ("triggerStep.arguments", "contains", {"resources": ["assets"]}, ["Button", "On Create"]),
        ("triggerStep.arguments", "contains", {"resources": ["assets", "alerts"]}, ["Button"]),
        ("triggerStep.arguments", "contains", {"resources": ["assets"], "title": "Press me"}, ["Button"]),
        ("createDate", "gt", 4_000_000_000, []),
        ("createDate", "lte", "4000000000", ["Button", "On Create", "Ping"]),
    ],
)
@pytest.mark.usefixtures("varied")
def test_playbooks_are_queried(client: Any, field: str, operator: str, value: Any, found: list[str]) -> None:
    query = {"logic": "AND", "filters": [{"field": field, "operator": operator, "value": value}]}
    page = client.playbooks.query(query, raw=True)
    assert ([each.name for each in page.members], page.total) == (found, len(found))


@pytest.mark.usefixtures("varied")
def test_a_query_nests_sorts_pages_and_shows_what_is_asked_for(soar: Soar, client: Any) -> None:
    either = {"logic": "OR", "filters": [{"field": "name", "operator": "eq", "value": n} for n in ("Ping", "Button")]}
    sort = [{"field": "name", "direction": "DESC"}]
    query = {"logic": "AND", "filters": [either], "sort": sort, "limit": 1}
    page = client.playbooks.query(query, page=2, raw=True)
    assert ([each.name for each in page.members], page.total) == (["Button"], 2)

    # The limit of the body is not read.
    rows = soar.ask("POST", "/api/query/workflows", query)["hydra:member"]
    assert names_of(rows) == ["Ping", "Button"]
    assert "steps" not in rows[0]
    rows = soar.ask("POST", "/api/query/workflows?$relationships=true", query)["hydra:member"]
    assert names_of(rows[0]["steps"]) == ["Start", "Call"]
    rows = soar.ask("POST", "/api/query/workflows", {**query, "__selectFields": ["name"]})["hydra:member"]
    assert [set(row) for row in rows] == [{"@id", "@type", "name"}] * 2
    counted = {"aggregates": [{"operator": "count", "field": "*", "alias": "n"}]}
    assert soar.ask("POST", "/api/query/workflows", counted)["hydra:member"] == [{"n": 3}]


@pytest.mark.usefixtures("varied")
def test_a_wrong_query_is_refused(soar: Soar) -> None:
    for body in (
        {"filters": [{"field": "name", "operator": "resembles", "value": "P"}]},
        {"filters": ["name"]},
        {"filters": [{"field": "createDate", "operator": "gt", "value": "yesterday"}]},
    ):
        soar.ask("POST", "/api/query/workflows", body, 400)


@pytest.mark.usefixtures("varied")
def test_the_buttons_of_a_module_are_told(client: Any) -> None:
    (button,) = client.playbooks.manual_on_module("alerts")
    assert (button["name"], button["label"], button["resources"]) == ("Button", "Press me", ["alerts", "assets"])
    assert client.playbooks.manual_on_module("alerts", active=False) == []


# Versions.


def test_a_version_is_saved_listed_and_restored(soar: Soar, client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    made = client.playbooks.create_version("P", note="v1")
    assert (made.note, made.autosave, made.snapshot) == ("v1", False, None)
    client.playbooks.update(workflow_uuid("P"), description="Changed")
    client.playbooks.set_step_timeout(step_iri("P", "Set"), operation_timeout=5)
    soar.clock.advance(10)
    later = client.playbooks.create_version("P", note="v2")

    listed = client.playbooks.list_versions("P")
    assert [each.note for each in listed] == ["v2", "v1"]
    assert listed[1].workflow_iri == f"/api/3/workflows/{workflow_uuid('P')}"
    assert [each.snapshot for each in client.playbooks.list_versions("P", include_data=False)] == [None, None]
    (change,) = client.playbooks.diff_versions(made, later).changed
    assert (change.step, change.field) == (step_iri("P", "Set").rsplit("/", 1)[-1], "arguments")

    restored = client.playbooks.restore_version("P", made.uuid)

    assert restored.get("description") is None
    assert client.get(step_iri("P", "Set"))["arguments"] == {"x": 1}
    assert steps_of(client, "P") == ["Start", "Set"]
    assert client.playbooks.status(soar.trigger("P")) == "finished"


def test_a_version_brings_back_a_step_that_was_removed(soar: Soar, client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    made = client.playbooks.create_version("P")
    client.playbooks.update(workflow_uuid("P"), steps=[step_iri("P", "Start")], routes=[])
    assert steps_of(client, "P") == ["Start"]
    client.playbooks.restore_version("P", made.uuid)
    assert steps_of(client, "P") == ["Start", "Set"]
    assert client.playbooks.step_status(soar.trigger("P"), "Set") == "finished"


def test_versions_are_deleted_one_by_one_and_with_their_playbook(client: Any, collections: Any) -> None:
    collections.import_export(sample("P", "Q"))
    first, second = client.playbooks.create_version("P"), client.playbooks.create_version("P")
    client.playbooks.create_version("Q")
    client.playbooks.delete_version(first.uuid)
    assert [each.uuid for each in client.playbooks.list_versions("P")] == [second.uuid]
    with pytest.raises(ResourceNotFoundError):
        client.playbooks.get_version(first.uuid)

    client.playbooks.delete(workflow_uuid("P"))
    assert len(client.get("/api/3/workflow_versions")["hydra:member"]) == 1


def test_a_playbook_has_at_most_twenty_versions(client: Any, collections: Any) -> None:
    collections.import_export(sample("P"))
    for number in range(20):
        client.playbooks.create_version("P", note=str(number))
    with pytest.raises(APIError, match="at most 20 versions"):
        client.playbooks.create_version("P")


def test_a_version_without_content_or_playbook_is_refused(soar: Soar) -> None:
    soar.ask("POST", "/api/3/workflow_versions", {"workflow": "/api/3/workflows/none", "json": "{}"}, 404)
    soar.ask("POST", "/api/3/workflow_versions", {"workflow": "/api/3/workflows/none"}, 400)


def test_the_current_actor_is_the_administrator(client: Any) -> None:
    actor = client.get("/api/3/actors/current")
    assert actor["name"] == "CS Admin"
    assert actor["@permissions"].keys() >= {"alerts", "security", "workflows"}
    assert client.get(actor["@id"])["uuid"] == actor["uuid"]
