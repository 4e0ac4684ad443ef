"""Export and import: what one FortiSOAR holds is the same in another one afterwards, and nothing hostile gets in."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pyfsr import FortiSOAR
from pyfsr.exceptions import APIError, UnsupportedAuthOperationError
from pyfsr.exports import Export

from lab.fortisoar import FortiSoar
from lab.fortisoar.moving.bundles import read_bundle
from lab.fortisoar.unpacking import LARGEST, MOST_MEMBERS, BadArchive
from lab.kit.clock import Clock
from tests.support.playbooks import (
    COLLECTION,
    KEY,
    PASSWORD,
    USERNAME,
    Row,
    Soar,
    exported,
    playbook,
    running_soar,
    set_variables,
    start,
    step,
    workflow_uuid,
)

TEMPLATES, EXPORTS, IMPORTS = "/api/3/export_templates", "/api/3/export_jobs", "/api/3/import_jobs"
NOBODY = "0c0ffee0-0000-4000-8000-000000000001"
ALERT, OTHER_ALERT, INCIDENT = (f"0c0ffee0-0000-4000-8000-00000000001{number}" for number in range(3))
PICKLIST, ITEM, SECOND_ITEM = (f"0c0ffee0-0000-4000-8000-00000000002{number}" for number in range(3))
CONFIG = "0c0ffee0-0000-4000-8000-000000000030"
SECRET = "s3cret-of-the-keeper"
CONNECTOR = "cyops-connector-keeper-1.0.0"

CODE = """
from connectors.core.connector import Connector


class Keeper(Connector):
    def execute(self, config, operation, params, **kwargs):
        return {"told": config.get("password", "nothing") + params["ending"]}

    def check_health(self, config):
        return True
"""
MANIFEST = {
    "name": "keeper",
    "label": "Keeper",
    "version": "1.0.0",
    "description": "Keeps a password",
    "publisher": "Tests",
    "configuration": {
        "fields": [
            {"name": "server", "title": "Server", "type": "text", "required": True},
            {"name": "password", "title": "Password", "type": "password", "required": True},
        ]
    },
    "operations": [
        {
            "operation": "tell",
            "title": "Tell",
            "parameters": [{"name": "ending", "title": "Ending", "type": "text", "required": True}],
        }
    ],
}
EVERYTHING = {
    "modules": ["alerts"],
    "picklistNames": [f"/api/3/picklist_names/{PICKLIST}"],
    "recordSets": [
        {"type": "alerts", "query": {"logic": "AND", "filters": [], "limit": 100}, "includeCorrelations": True}
    ],
    "playbooks": {"collections": [{"value": COLLECTION, "includeGlobalVariables": True}], "globalVariables": ["Plain"]},
    "connectors": [{"value": CONNECTOR, "configurations": True}],
}


def connector() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, text in {"info.json": json.dumps(MANIFEST), "connector.py": CODE}.items():
            member = tarfile.TarInfo(f"keeper/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


class Place:
    """A FortiSOAR as a person sees it: export and import do not work with an API key."""

    def __init__(self, soar: Soar) -> None:
        self.soar = soar
        self.keyed = soar.ask

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        # A new token each time: tests let hours pass.
        credentials = {"credentials": {"loginid": USERNAME, "password": PASSWORD}}
        token = self.keyed("POST", "/auth/authenticate", credentials)["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.soar.http.request(method, path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def rows(self, path: str) -> list[Row]:
        rows: list[Row] = self.ask("GET", path)["hydra:member"]
        return rows

    def settle(self) -> None:
        self.soar.product.jobs.settle()

    def set(self, switch: str, position: Any) -> None:
        self.soar.product.switches.set(switch, position)

    # Export.

    def begin_export(self, options: Row, name: str = "all.zip") -> str:
        template = self.ask("POST", TEMPLATES, {"name": "All", "options": options}, 201)
        started = self.ask("PUT", f"/api/export?fileName={name}&template={template['uuid']}")
        assert started == {"@type": "ExportJob", "jobUuid": started["jobUuid"]}
        job: str = started["jobUuid"]
        return job

    def export(self, options: Row, name: str = "all.zip") -> bytes:
        job = self.begin_export(options, name)
        self.settle()
        done = self.ask("GET", f"{EXPORTS}/{job}")
        assert (done["status"], done["errorMessage"]) == ("Export Complete", None)
        answer = self.soar.http.get(done["file"]["@id"], headers={"Accept": "application/octet-stream"})
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
        return answer.content

    # Import.

    def job_for(self, file: bytes, name: str = "all.zip") -> str:
        uploaded = self.soar.http.post("/api/3/files", files={"file": (name, file)}).json()["@id"]
        job: str = self.ask("POST", IMPORTS, {"status": "In Progress", "file": uploaded, "data": 1}, 201)["@id"]
        return job

    def offered(self, file: bytes) -> tuple[str, Row]:
        job = self.job_for(file)
        self.ask("GET", job.replace("3/import_jobs", "import"))
        self.settle()
        row = self.ask("GET", job)
        assert (row["status"], row["errorMessage"]) == ("Reviewing", None)
        return job, row["options"]

    def bring_in(self, file: bytes, change: Callable[[Row], Any] = lambda options: None) -> Row:
        job, options = self.offered(file)
        change(options)
        self.ask("PUT", job, {"options": options})
        self.ask("PUT", job.replace("3/import_jobs", "import"))
        self.settle()
        row: Row = self.ask("GET", job)
        return row

    def refusal_of(self, file: bytes) -> str:
        """Have a file refused; return why."""
        before = self.everything()
        job = self.job_for(file)
        self.ask("GET", job.replace("3/import_jobs", "import"))
        self.settle()
        row = self.ask("GET", job)
        assert (row["status"], row["options"]) == ("Error", [])
        assert row["logMessages"][-1]["message"] == row["errorMessage"][:1000]
        self.ask("PUT", job.replace("3/import_jobs", "import"), status=400)
        assert self.everything() == before
        reason: str = row["errorMessage"]
        return reason

    def everything(self) -> Row:
        """Return what imports change."""
        paths = {
            name: f"/api/3/{name}?$relationships=true&$limit=5000&$orderby=id"
            for name in ("alerts", "incidents", "picklist_names", "picklists", "workflow_collections", "workflows")
        }
        paths["macros"] = "/api/wf/api/dynamic-variable/?limit=1000"
        found = {name: self.keyed("GET", path)["hydra:member"] for name, path in paths.items()}
        return found | {"connectors": self.keyed("GET", "/api/integration/connectors/")["data"]}


def log_of(job: Row) -> list[str]:
    return [line["message"] for line in job["logMessages"]]


@pytest.fixture(scope="module")
def soars(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Soar]]:
    """FortiSOARs with one encryption key, as of an appliance and its restored copy."""
    key, made = Fernet.generate_key(), []
    try:
        for name in ("one", "two", "untouched"):
            clock = Clock()
            folder = tmp_path_factory.mktemp(name)
            made.append(Soar(FortiSoar(folder, clock, USERNAME, PASSWORD, KEY, key, {}, workers=1), clock))
        yield made
    finally:
        for soar in made:
            soar.product.close()


def fresh(soar: Soar) -> Place:
    soar.product.reset()
    soar.clock.reset()
    soar.product.switches.set("seconds_of_a_job", 0)
    return Place(soar)


@pytest.fixture
def one(soars: list[Soar]) -> Place:
    return fresh(soars[0])


@pytest.fixture
def two(soars: list[Soar]) -> Place:
    return fresh(soars[1])


@pytest.fixture(scope="module")
def untouched(soars: list[Soar]) -> Place:
    """One that no test changes."""
    return fresh(soars[2])


def fill(place: Place) -> None:
    """Make what is to be moved."""
    ask = place.ask
    files = {"file": ("keeper.tgz", connector())}
    installed = place.soar.http.post("/api/3/solutionpacks/install?$type=connector", files=files).json()
    values = {"server": "here", "password": SECRET}
    body = {"connector": installed["id"], "name": "Main", "default": True, "config_id": CONFIG, "config": values}
    ask("POST", "/api/integration/configuration/", body, 201)
    ask("POST", "/api/3/picklist_names", {"uuid": PICKLIST, "name": "Colours / of ours"}, 201)
    for position, (uuid, text) in enumerate({ITEM: "Red", SECOND_ITEM: "Green"}.items()):
        item = {"uuid": uuid, "itemValue": text, "orderIndex": position, "color": "#123456"}
        ask("POST", "/api/3/picklists", {**item, "listName": f"/api/3/picklist_names/{PICKLIST}"}, 201)
    for name, value in {"Ending": "!", "Plain": "as it is", "Unused": "x"}.items():
        ask("POST", "/api/wf/api/dynamic-variable/", {"name": name, "value": value, "default_value": "d"}, 201)
    high = "/api/3/picklists/40187287-89fc-4e9c-b717-e9443d57eedb"
    ask("POST", "/api/3/incidents", {"uuid": INCIDENT, "name": "Big"}, 201)
    alert = {"uuid": ALERT, "name": "Grüße", "severity": high, "sourceId": "s-1", "recordTags": ["a", "b"]}
    ask("POST", "/api/3/alerts", {**alert, "incidents": [f"/api/3/incidents/{INCIDENT}"]}, 201)
    ask("POST", "/api/3/alerts", {"uuid": OTHER_ALERT, "name": "Small", "sourceId": "s-2"}, 201)
    tell = step(
        "Tell",
        "Connectors",
        connector="keeper",
        version="1.0.0",
        operation="tell",
        config=CONFIG,
        params={"ending": "{{ globalVars.Ending }}"},
    )
    finds = set_variables("Keep", found="{{ ('/api/3/alerts/" + ALERT + "' | fromIRI).name }}")
    place.soar.load(playbook("P: it/tells", start(), tell, finds, recordTags=["told"]), playbook("Q", start()))


def without(row: Row, *names: str) -> Row:
    return {key: value for key, value in row.items() if key not in names}


# What belongs to the place, and what two places that were filled at different times never have in common.
OF_THE_PLACE = {"createDate", "createUser", "id", "modifyDate", "modifyUser"}


def common(value: Any) -> Any:
    """Return a row without what belongs to the place, at any depth."""
    if isinstance(value, dict):
        return {key: common(each) for key, each in value.items() if key not in OF_THE_PLACE}
    return [common(each) for each in value] if isinstance(value, list) else value


def moved(place: Place) -> Row:
    """Return what was moved, without what belongs to the place."""
    collection = place.ask("GET", f"/api/3/workflow_collections/{COLLECTION}?$relationships=true")
    items = place.rows(f"/api/3/picklists?listName=/api/3/picklist_names/{PICKLIST}&$orderby=orderIndex")
    configuration = place.ask("GET", f"/api/integration/configuration/?config_id={CONFIG}")["data"]
    return {
        "alerts": [
            common(place.ask("GET", f"/api/3/alerts/{uuid}?$relationships=true")) for uuid in (ALERT, OTHER_ALERT)
        ],
        "incident": common(place.ask("GET", f"/api/3/incidents/{INCIDENT}?$relationships=true")),
        "collection": common(without(collection, "workflows")),
        "playbooks": sorted(common(collection["workflows"]), key=by_name),
        "macros": common(place.rows("/api/wf/api/dynamic-variable/")),
        "picklist": common(place.ask("GET", f"/api/3/picklist_names/{PICKLIST}")),
        "items": common(items),
        "configuration": [without(row, "id", "connector") for row in configuration],
    }


def by_name(row: Row) -> str:
    return str(row["name"])


def told(place: Place) -> tuple[Any, Any]:
    """Run the playbook; return what it said."""
    run = place.soar.runs(place.soar.trigger("P: it/tells"))[0]
    assert run["status"] == "finished", run["result"]
    return run["env"]["steps"]["Tell"]["data"]["told"], run["env"]["found"]


# From one to another.


def test_what_is_exported_from_one_is_the_same_in_another_and_its_playbook_runs_there(one: Place, two: Place) -> None:
    fill(one)
    archive = one.export(EVERYTHING)

    job = two.bring_in(archive)

    assert (job["status"], job["progressPercent"], job["errorMessage"]) == ("Import Complete", 100, None)
    assert log_of(job) == [
        "The options are ready.",
        "picklistNames: 1 created.",
        "modules: 1 left as they are.",
        "connectors: 1 configurations imported, 1 installed.",
        "globalVariables: 2 imported.",
        "playbooks: 1 collections imported, 2 playbooks imported.",
        "recordSets: 3 created.",
    ]
    before, after = moved(one), moved(two)
    assert before.pop("macros") == [
        {"default_value": "d", "name": "Ending", "value": "!"},
        {"default_value": "d", "name": "Plain", "value": "as it is"},
        {"default_value": "d", "name": "Unused", "value": "x"},
    ]
    assert [row["name"] for row in after.pop("macros")] == ["Ending", "Plain"]
    assert after == before
    assert told(two) == told(one) == (f"{SECRET}!", "Grüße")


def test_a_second_import_changes_nothing(one: Place, two: Place) -> None:
    fill(one)
    archive = one.export(EVERYTHING)
    two.bring_in(archive)
    before = moved(two)

    job, options = two.offered(archive)

    assert options["connectors"]["values"][0]["includeInstall"] is False
    assert all(row["exists"] for section in ("picklistNames", "modules") for row in options[section]["values"])
    assert all(part["values"][0]["exists"] for part in options["playbooks"]["values"].values())
    two.ask("PUT", job.replace("3/import_jobs", "import"))
    two.settle()
    assert two.ask("GET", job)["status"] == "Import Complete"
    assert moved(two) == before


def test_the_archive_is_laid_out_as_published_solution_packs_are(one: Place, tmp_path: Path) -> None:
    fill(one)
    path = tmp_path / "all.zip"
    path.write_bytes(one.export(EVERYTHING))
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].split("/")[0]
        assert sorted(name.removeprefix(f"{root}/") for name in archive.namelist()) == [
            "connectors/data.json",
            "connectors/keeper-1.0.0.tgz",
            "info.json",
            "modules/alerts/mmd.json",
            "picklists/Colours _ of ours.json",
            "playbooks/Tests/P_ it_tells.json",
            "playbooks/Tests/Q.json",
            "playbooks/Tests/collection.metadata.json",
            "playbooks/globalVariables.json",
            "playbooks/tags.json",
            "records/alerts/alerts0001.json",
            "records/incidents/incidents0001.json",
        ]
        text = b"".join(map(archive.read, archive.namelist())).decode("latin-1")
    assert SECRET not in text
    with Export.open(path) as opened:
        assert [(each.code, each.message) for each in opened.problems() if each.is_error] == []


def test_the_single_json_file_of_the_guide_moves_all_but_connectors_code(one: Place, two: Place) -> None:
    fill(one)
    job = two.bring_in(one.export(EVERYTHING, "all.json"))
    assert job["status"] == "Import Complete"
    assert "Configuration Main of keeper 1.0.0 was not imported: the connector is not installed." in log_of(job)
    assert without(moved(two), "configuration", "macros") == without(moved(one), "configuration", "macros")


def test_the_template_of_the_guide_exports_what_there_is_of_it(one: Place) -> None:
    one.ask("POST", "/api/wf/api/dynamic-variable/", {"name": "Body", "value": "b"}, 201)
    options = {
        "modules": ["agents", "tasks"],
        "viewTemplates": ["modules-agents-list", "modules-agents-detail", "modules-agents-form"],
        "picklistNames": [
            "/api/3/picklist_names/114d88e4-ceaa-4b9f-842b-cca8db90f418",
            "/api/3/picklist_names/4e80cba3-032f-48b4-ac03-17e3ec247aac",
        ],
        "views": ["app"],
        "reports": ["11ece146-396e-42f8-a2c4-358550c6f03f"],
        "dashboards": ["2bc7fd32-1cc6-48b0-bcbb-3a7c09938d4a"],
        "roles": ["/api/3/roles/21d7a7c6-9d68-438f-b732-e8950c5f745b"],
        "appSettings": ["sso"],
        "playbooks": {"collections": [], "includeVersions": False, "globalVariables": ["Body"]},
    }
    held = json.loads(one.export(options, "guide.json"))
    assert sorted(held["files"]) == [
        "modules/tasks/mmd.json",
        "picklists/Severity.json",
        "playbooks/globalVariables.json",
    ]
    assert [row["itemValue"] for row in held["files"]["picklists/Severity.json"]["picklists"]][:2] == ["Minimal", "Low"]


# Jobs.


def test_an_export_moves_through_its_statuses_as_the_labs_time_passes(one: Place) -> None:
    one.set("seconds_of_a_job", 3600)
    job = one.begin_export({"picklistNames": []}, "later.json")
    row = one.ask("GET", f"{EXPORTS}/{job}")
    assert row == {
        "@context": "/api/3/contexts/ExportJob",
        "@id": f"{EXPORTS}/{job}",
        "@type": "ExportJob",
        "currentlyExporting": None,
        "errorMessage": None,
        "file": None,
        "fileName": "later.json",
        "id": 1,
        "progressPercent": 0,
        "status": "",
        "type": "Export Wizard",
        "uuid": job,
    }
    seen = []
    for _ in range(3):
        one.soar.clock.advance(600)
        seen.append(next_row(one, f"{EXPORTS}/{job}", row))
        row = seen[-1]
    assert [(each["status"], each["currentlyExporting"], each["progressPercent"]) for each in seen] == [
        ("Exporting", "picklistNames", 10),
        ("Exporting", "file", 90),
        ("Export Complete", None, 100),
    ]
    assert one.ask("GET", f"{EXPORTS}/{job}?__selectFields=status,fileName") == {
        "@context": "/api/3/contexts/ExportJob",
        "@id": f"{EXPORTS}/{job}",
        "@type": "ExportJob",
        "status": "Export Complete",
        "fileName": "later.json",
    }
    assert [each["uuid"] for each in one.rows(EXPORTS)] == [job]


def next_row(place: Place, path: str, before: Row) -> Row:
    """Return a job once it is no longer as it was."""
    while (row := place.ask("GET", path)) == before:
        pass
    changed: Row = row
    return changed


def test_an_import_waits_for_its_options_and_its_start(one: Place, two: Place) -> None:
    file = one.export({"playbooks": {"globalVariables": []}, "picklistNames": [f"/api/3/picklist_names/{NOBODY}"]})
    two.set("seconds_of_a_job", 3600)
    job = two.job_for(file)
    row = two.ask("GET", job)
    assert (row["status"], row["options"], row["type"], row["logMessages"]) == ("In Progress", [], "Import Wizard", [])
    assert "data" not in row
    start = job.replace("3/import_jobs", "import")
    refused = two.ask("PUT", start, status=400)["message"]
    assert refused == "The import job cannot be started: its status is In Progress, not Reviewing."

    assert two.ask("GET", start) == {"@id": job, "@type": "ImportJob", "logMessages": []}

    assert two.ask("DELETE", job, status=400)["message"] == "The import job is under way."
    two.soar.clock.advance(3600)
    two.settle()
    assert two.ask("GET", f"{job}?__selectFields=errorMessage,status")["status"] == "Reviewing"
    two.ask("PUT", start)
    assert two.ask("GET", job)["status"] == "Importing"
    refused = two.ask("PUT", job, {"options": {}}, 400)["message"]
    assert refused == "The options cannot be changed while the import job is under way."
    while two.ask("GET", job)["status"] == "Importing":
        two.soar.clock.advance(600)
    done = two.ask("GET", job)
    assert (done["status"], done["progressPercent"]) == ("Import Complete", 100)
    assert [each["uuid"] for each in two.rows(IMPORTS)] == [done["uuid"]]
    two.ask("DELETE", job, status=204)
    two.ask("GET", job, status=404)


def test_a_job_of_an_api_key_never_gets_under_way_unless_the_switch_lets_it(one: Place) -> None:
    template = one.keyed("POST", TEMPLATES, {"name": "T", "options": {"picklistNames": []}}, 201)["uuid"]
    export = f"/api/export?fileName=a.zip&template={template}"
    job = one.keyed("PUT", export)["jobUuid"]
    one.settle()
    assert [(row["status"], row["progressPercent"]) for row in one.rows(EXPORTS)] == [("", 0)]
    imported = one.job_for(one.export({"picklistNames": []}))
    one.keyed("GET", imported.replace("3/import_jobs", "import"))
    one.keyed("PUT", imported.replace("3/import_jobs", "import"))
    one.settle()
    assert one.ask("GET", imported)["status"] == "In Progress"

    one.set("api_key_jobs", "run")

    job = one.keyed("PUT", export)["jobUuid"]
    one.keyed("GET", imported.replace("3/import_jobs", "import"))
    one.settle()
    assert one.ask("GET", f"{EXPORTS}/{job}")["status"] == "Export Complete"
    assert one.ask("GET", imported)["status"] == "Reviewing"


def test_jobs_that_were_under_way_go_on_after_a_restart(tmp_path: Path, one: Place) -> None:
    archive = one.export({"playbooks": {"globalVariables": []}, "modules": ["alerts"]})
    key, jobs = Fernet.generate_key(), []
    for is_first in (True, False):
        clock = Clock()
        product = FortiSoar(tmp_path, clock, USERNAME, PASSWORD, KEY, key, {}, workers=1)
        try:
            place = Place(Soar(product, clock))
            if is_first:
                place.set("seconds_of_a_job", 3600)
                jobs = [f"{EXPORTS}/{place.begin_export({'modules': ['alerts']})}", place.job_for(archive)]
                place.ask("GET", jobs[1].replace("3/import_jobs", "import"))
            else:
                clock.advance(3600)
                while any(place.ask("GET", job)["status"] in ("", "Exporting", "In Progress") for job in jobs):
                    clock.advance(600)
                assert [place.ask("GET", job)["status"] for job in jobs] == ["Export Complete", "Reviewing"]
        finally:
            product.close()


# Templates, and what is refused.


def test_templates_are_kept_found_by_name_changed_and_deleted(one: Place) -> None:
    made = one.ask("POST", TEMPLATES, {"name": "Nightly", "options": {"modules": []}, "metadata": {"a": 1}}, 201)
    assert {key: made[key] for key in made.keys() - {"uuid", "@id", "createDate", "modifyDate"}} == {
        "@context": "/api/3/contexts/ExportTemplate",
        "@type": "ExportTemplate",
        "id": 1,
        "metadata": {"a": 1},
        "name": "Nightly",
        "options": {"modules": []},
        "type": "Export Wizard",
    }
    one.ask("POST", TEMPLATES, {"name": "Weekly"}, 201)
    assert [row["name"] for row in one.rows(f"{TEMPLATES}?name=Night")] == ["Nightly"]
    assert one.ask("PUT", made["@id"], {"options": {"roles": []}})["options"] == {"roles": []}
    assert one.ask("GET", made["@id"])["name"] == "Nightly"
    one.ask("DELETE", made["@id"], status=204)
    one.ask("GET", made["@id"], status=404)
    assert [row["name"] for row in one.rows(TEMPLATES)] == ["Weekly"]


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", TEMPLATES, {"options": {}}, "name: This value should not be blank."),
        ("POST", TEMPLATES, {"name": "T", "options": []}, "options: This value should be an object."),
        ("POST", TEMPLATES, {"name": 5}, "name: This value should be a text."),
        ("POST", TEMPLATES, [], "The body must be a JSON object."),
        ("PUT", "/api/export?fileName=a.exe", None, "fileName must be the name of a file that ends in .json or .zip."),
        (
            "PUT",
            "/api/export?fileName=../a.zip",
            None,
            "fileName must be the name of a file that ends in .json or .zip.",
        ),
        ("PUT", "/api/export", None, "fileName must be the name of a file that ends in .json or .zip."),
        ("POST", IMPORTS, {"file": "a"}, "A file is named by its IRI, such as /api/3/files/<uuid>."),
        ("POST", IMPORTS, {}, "A file is named by its IRI, such as /api/3/files/<uuid>."),
        ("POST", IMPORTS, {"file": "a", "status": 1}, "status and type must be texts."),
    ],
)
def test_what_cannot_be_read_is_refused(one: Place, method: str, path: str, body: Any, message: str) -> None:
    assert one.ask(method, path, body, 400)["message"] == message


def test_what_is_not_there_is_refused(one: Place) -> None:
    for path in (f"{TEMPLATES}/{NOBODY}", f"{EXPORTS}/{NOBODY}", f"{IMPORTS}/{NOBODY}", f"/api/import/{NOBODY}"):
        assert NOBODY in one.ask("GET", path, status=404)["message"]
    one.ask("POST", IMPORTS, {"file": f"/api/3/files/{NOBODY}"}, 404)
    export = f"/api/export?fileName=a.zip&template={NOBODY}"
    assert one.ask("PUT", export, status=404)["message"] == f"There is no export template {NOBODY}."
    one.set("unknown_template_status", 400)
    one.ask("PUT", export, status=400)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"picklistNames": 5}, "picklistNames must be a list."),
        ({"playbooks": []}, "playbooks must be an object with collections and globalVariables."),
        ({"playbooks": {"collections": "a"}}, "collections must be a list."),
        ({"recordSets": ["alerts"]}, "recordSets: each must be an object with a type and a query."),
        (
            {"recordSets": [{"type": "alerts", "query": {"limit": "all"}}]},
            "recordSets: the limit of alerts must be a whole number.",
        ),
        ({"recordSets": [{"type": "nothing", "query": {"limit": 1}}]}, "recordSets: nothing cannot be exported: "),
        (
            {"recordSets": [{"type": "alerts", "query": {"limit": 1, "filters": [{"field": "nothing"}]}}]},
            "recordSets: alerts cannot be exported: alerts has no field",
        ),
    ],
)
def test_an_export_of_what_cannot_be_read_fails_with_one_sentence(one: Place, options: Row, message: str) -> None:
    job = one.begin_export(options)
    one.settle()
    row = one.ask("GET", f"{EXPORTS}/{job}")
    assert (row["status"], row["file"]) == ("Export Failed", None)
    assert row["errorMessage"].startswith(message)
    assert one.rows("/api/3/files") == []


def test_a_set_of_records_needs_a_limit_and_keeps_to_it(one: Place) -> None:
    for number in range(3):
        one.ask("POST", "/api/3/alerts", {"name": f"A{number}"}, 201)
    for query, names in (({}, []), ({"limit": 2}, ["A0", "A1"])):
        held = json.loads(one.export({"recordSets": [{"type": "alerts", "query": query}]}, "a.json"))["files"]
        assert [row["name"] for row in held.get("records/alerts/alerts0001.json", [])] == names


# Options.


def test_options_left_out_or_switched_off_are_not_imported(one: Place, two: Place) -> None:
    fill(one)

    def choose(options: Row) -> None:
        del options["recordSets"]
        options["connectors"]["include"] = False
        options["picklistNames"]["values"][0]["include"] = False
        options["playbooks"]["values"]["globalVariables"]["values"][0]["include"] = False

    job = two.bring_in(one.export(EVERYTHING), choose)

    assert log_of(job)[1:] == [
        "modules: 1 left as they are.",
        "globalVariables: 1 imported.",
        "playbooks: 1 collections imported, 2 playbooks imported.",
    ]
    assert two.rows("/api/3/alerts") == two.ask("GET", "/api/integration/connectors/")["data"] == []


@pytest.mark.parametrize(
    ("merge_type", "names", "own"),
    [
        ("merge_append", {"Tests": ["Mine", "P: it/tells", "Q"]}, "mine"),
        ("merge_replace", {"Tests": ["Mine", "P: it/tells", "Q"]}, None),
        ("replace", {"Tests": ["P: it/tells", "Q"]}, None),
        ("rename", {"Tests": ["Mine", "Q"], "Tests (1)": ["P: it/tells", "Q"]}, "mine"),
    ],
)
def test_a_collection_that_is_there_is_merged_as_chosen(
    one: Place, two: Place, merge_type: str, names: dict[str, list[str]], own: str | None
) -> None:
    fill(one)
    archive = one.export({"playbooks": {"collections": [COLLECTION]}})
    two.soar.load(playbook("Q", start(), description="mine"), playbook("Mine", start()))

    def choose(options: Row) -> None:
        options["playbooks"]["values"]["collections"]["values"][0]["mergeType"] = merge_type

    assert two.bring_in(archive, choose)["status"] == "Import Complete"

    rows = two.rows("/api/3/workflow_collections?$relationships=true")
    assert {row["name"]: sorted(map(by_name, row["workflows"])) for row in rows} == names
    assert two.ask("GET", f"/api/3/workflows/{workflow_uuid('Q')}").get("description") == own


def test_records_and_picklists_that_are_there_are_kept_or_replaced_as_chosen(one: Place, two: Place) -> None:
    fill(one)
    archive = one.export(EVERYTHING)
    two.bring_in(archive)

    def spoil() -> None:
        two.ask("PUT", f"/api/3/alerts/{ALERT}", {"name": "Changed"})
        two.ask("PUT", f"/api/3/picklists/{ITEM}", {"itemValue": "Crimson"})

    def choose(records: str, picklists: str) -> Callable[[Row], None]:
        def change(options: Row) -> None:
            options["recordSets"]["values"][0]["whenExists"] = records
            options["picklistNames"]["values"][0]["whenExists"] = picklists

        return change

    spoil()
    kept = two.bring_in(archive, choose("append", "keep"))
    assert "picklistNames: 1 left as they are." in log_of(kept)
    assert two.ask("GET", f"/api/3/alerts/{ALERT}")["name"] == "Changed"
    assert two.ask("GET", f"/api/3/picklists/{ITEM}")["itemValue"] == "Crimson"

    replaced = two.bring_in(archive, choose("replace", "overwrite"))
    assert "picklistNames: 1 replaced." in log_of(replaced)
    assert two.ask("GET", f"/api/3/alerts/{ALERT}")["name"] == "Grüße"
    assert two.ask("GET", f"/api/3/picklists/{ITEM}")["itemValue"] == "Red"


@pytest.mark.parametrize(("when_exists", "name"), [("append", "Theirs"), ("replace", "Grüße")])
def test_a_record_with_the_unique_values_of_another_changes_it_only_where_it_replaces(
    one: Place, two: Place, when_exists: str, name: str
) -> None:
    fill(one)
    sets = [{"type": "alerts", "query": {"limit": 1, "filters": [{"field": "uuid", "operator": "eq", "value": ALERT}]}}]
    theirs = two.ask("POST", "/api/3/alerts", {"name": "Theirs", "sourceId": "s-1"}, 201)["@id"]

    def choose(options: Row) -> None:
        options["recordSets"]["values"][0]["whenExists"] = when_exists

    job = two.bring_in(one.export({"recordSets": sets}), choose)

    assert two.ask("GET", theirs)["name"] == name
    assert len(two.rows("/api/3/alerts")) == 1
    refused = [
        line for line in log_of(job) if line.startswith(f"/api/3/alerts/{ALERT} was not imported: A record with")
    ]
    assert len(refused) == (when_exists == "append")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "options: options must be an object."),
        ({"recordSets": []}, "options: recordSets must be an object."),
        ({"recordSets": {"values": 1}}, "options: values of recordSets must be a list of objects."),
        ({"recordSets": {"values": ["a"]}}, "options: values of recordSets must be a list of objects."),
        ({"playbooks": {"values": {"collections": 1}}}, "options: collections must be an object."),
        (
            {"recordSets": {"values": [{"type": "alerts", "whenExists": "destroy"}]}},
            "options: whenExists of recordSets must be one of replace, append.",
        ),
        (
            {"playbooks": {"values": {"collections": {"values": [{"mergeType": []}]}}}},
            "options: mergeType of collections must be one of merge_append, merge_replace, replace, rename.",
        ),
    ],
)
def test_options_that_cannot_be_read_are_refused(one: Place, options: Any, message: str) -> None:
    job, before = one.offered(one.export({"modules": ["alerts"]}))
    assert one.ask("PUT", job, {"options": options}, 400)["message"] == message
    assert one.ask("GET", job)["options"] == before


def test_a_record_that_is_refused_is_told_and_stops_no_other(one: Place, two: Place) -> None:
    fill(one)
    held = json.loads(one.export({"recordSets": EVERYTHING["recordSets"]}, "a.json"))
    for row in held["files"]["records/alerts/alerts0001.json"]:
        if row["uuid"] == ALERT:
            row["severity"] = f"/api/3/picklists/{NOBODY}"
        else:
            row["incidents"] = [f"/api/3/incidents/{INCIDENT}", f"/api/3/incidents/{NOBODY}"]

    job = two.bring_in(json.dumps(held).encode())

    assert job["status"] == "Import Complete"
    assert log_of(job)[1].startswith(f"/api/3/alerts/{ALERT} was not imported: FSR_CH_0000001")
    assert log_of(job)[2:] == [
        f"/api/3/alerts/{OTHER_ALERT}: incidents came without 1 that are not there.",
        f"/api/3/incidents/{INCIDENT}: alerts came without 1 that are not there.",
        "recordSets: 2 created, 1 refused.",
    ]
    assert [row["name"] for row in two.rows("/api/3/alerts")] == ["Small"]


# Secrets.


def test_no_secret_stands_in_an_export_or_the_journal_and_another_key_does_not_open_it(
    one: Place, tmp_path: Path
) -> None:
    fill(one)
    archives = [one.export(EVERYTHING)]
    one.set("exported_secrets", "left_out")
    archives.append(one.export(EVERYTHING))
    with running_soar(tmp_path) as stranger:
        place = Place(stranger)
        place.set("seconds_of_a_job", 0)
        for archive in archives:
            job = place.bring_in(archive)
            assert job["status"] == "Import Complete"
            assert "Configuration Main of keeper 1.0.0 came without Password: enter these again." in log_of(job)
            (row,) = place.ask("GET", "/api/integration/configuration/")["data"]
            assert (row["config_id"], row["status"], row["config"]) == (CONFIG, 0, {"server": "here"})
        assert told_nothing(place)
    journal = json.dumps([*one.soar.product.journal.as_json(), *stranger.product.journal.as_json()])
    assert SECRET not in journal
    data = [json.loads(zipped(archive, "connectors/data.json")) for archive in archives]
    passwords = [row[0]["configurations"][0]["config"]["password"] for row in data]
    assert SECRET not in passwords
    assert passwords[1] == "NULL"


def told_nothing(place: Place) -> bool:
    body = {"connector": "keeper", "version": "1.0.0", "operation": "tell", "config": CONFIG, "params": {"ending": "!"}}
    return bool(place.ask("POST", "/api/integration/execute/", body)["data"] == {"told": "nothing!"})


def zipped(archive: bytes, ending: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(next(name for name in opened.namelist() if name.endswith(ending)))


# Hostile files.

INFO = {"info.json": "{}"}
LINK = zipfile.ZipInfo("x/link")
LINK.external_attr = (stat.S_IFLNK | 0o777) << 16
GOOD_ALERT = {"uuid": ALERT, "name": "A"}
GOOD_STEP = {"uuid": NOBODY, "name": "S", "stepType": "/api/3/workflow_step_types/1", "arguments": {}}
GOOD_PLAYBOOK = {"uuid": NOBODY, "name": "P", "steps": [GOOD_STEP], "routes": []}
METADATA = {"uuid": COLLECTION, "name": "C"}
GOOD_CONNECTOR = {"name": "keeper", "version": "1.0.0", "configurations": []}
GOOD_CONFIGURATION = {"config_id": CONFIG, "name": "Main", "config": {}}


def archive_of(files: dict[Any, Any], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a ZIP archive; what is not text is written as JSON."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return target.getvalue()


def pack(**files: Any) -> bytes:
    return archive_of({**INFO, **files})


def twice(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, "{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(name, "{}")
    return target.getvalue()


def encrypted_flag() -> bytes:
    archive = bytearray(pack())
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    archive[6] |= 1
    return bytes(archive)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "The file is not JSON that can be read"),
    "no JSON": (lambda: b"\xff\xfe", "The file is not JSON that can be read"),
    "a list": (lambda: b"[]", "The file is no export"),
    "an object of something else": (lambda: b'{"files": []}', "The file is no export"),
    "JSON with a path upwards": (lambda: b'{"files": {"../x.json": 1}}', "or leaves it"),
    "too deep": (lambda: b'{"files": ' + b"[" * 500 + b"]" * 500 + b"}", "nests more than 100 levels deep"),
    "half an archive": (lambda: pack()[:-30], "The file is not a complete ZIP archive"),
    "path upwards": (lambda: pack(**{"../../evil.json": "{}"}), "or leaves it"),
    "absolute path": (lambda: pack(**{"/etc/evil.json": "{}"}), "or leaves it"),
    "path of Windows": (lambda: pack(**{"a\\b.json": "{}"}), "is a path of Windows"),
    "drive of Windows": (lambda: pack(**{"C:evil.json": "{}"}), "is a path of Windows"),
    "line in a name": (lambda: pack(**{"a\nb.json": "{}"}), "has characters that no file needs"),
    "long name": (lambda: pack(**{"a" * 300: "{}"}), "is too long"),
    "link": (lambda: archive_of({**INFO, LINK: "/etc/passwd"}), "'x/link' is a link or a special file"),
    "twice": (lambda: twice("info.json"), "'info.json' is in the archive twice"),
    "encrypted": (encrypted_flag, "'info.json' is encrypted"),
    "bomb": (lambda: pack(**{"x.bin": bytes(LARGEST + 1)}), f"The archive unpacks to more than {LARGEST} bytes"),
    "many members": (
        lambda: archive_of({f"{number}.json": "1" for number in range(MOST_MEMBERS + 1)}, zipfile.ZIP_STORED),
        f"The archive holds more than {MOST_MEMBERS} files and folders",
    ),
    "no info": (lambda: archive_of({"x.json": "1"}), "exactly one info.json at the top of the archive; found none"),
    "two infos": (lambda: archive_of({"a/info.json": "{}", "b/info.json": "{}"}), "exactly one info.json"),
    "beside the folder": (lambda: archive_of({"a/info.json": "{}", "b/x": "1"}), "'b/x' is not in the folder"),
    "info is a list": (lambda: archive_of({"info.json": "[]"}), "info.json must be an object"),
    "info is no JSON": (lambda: archive_of({"info.json": "{"}), "info.json is not JSON that can be read"),
    "NaN": (lambda: pack(**{"records/alerts/a.json": "[NaN]"}), "records/alerts/a.json is not JSON"),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "picklist is a list": ({"picklists/a.json": []}, "picklists: must be a list of objects."),
    "picklist is no JSON": ({"picklists/a.txt": "a"}, "picklists: must be a list of objects."),
    "picklist has no name": ({"picklists/a.json": {"uuid": NOBODY}}, "picklists: name must be a text"),
    "picklist has no uuid": ({"picklists/a.json": {"name": "A"}}, "picklists: 'A': uuid must be a UUID."),
    "items": ({"picklists/a.json": {**METADATA, "picklists": {}}}, "picklists: 'C': picklists must be a list"),
    "item": (
        {"picklists/a.json": {**METADATA, "picklists": [{"uuid": NOBODY, "itemValue": 1}]}},
        "picklists: 'C': itemValue must be a text",
    ),
    "item's place": (
        {"picklists/a.json": {**METADATA, "picklists": [{"uuid": NOBODY, "itemValue": "x", "orderIndex": "y"}]}},
        "picklists: 'C': orderIndex must be a number.",
    ),
    "picklists twice": (
        {f"picklists/{name}.json": {**METADATA, "picklists": []} for name in "ab"},
        f"The picklist {COLLECTION} is in the file twice.",
    ),
    "module": ({"modules/alerts/mmd.json": []}, "modules: must be a list of objects."),
    "module's type": ({"modules/alerts/mmd.json": {"attributes": []}}, "modules: type must be a text"),
    "attributes": ({"modules/a/mmd.json": {"type": "a", "attributes": 1}}, "modules: attributes must be a list"),
    "attribute": ({"modules/a/mmd.json": {"type": "a", "attributes": [{}]}}, "modules: name must be a text"),
    "records are an object": ({"records/alerts/a.json": {}}, "records/alerts/a.json must be a list of records."),
    "record is a text": ({"records/alerts/a.json": ["a"]}, "records of alerts: must be a list of objects."),
    "record's uuid": ({"records/alerts/a.json": [{"uuid": "../x"}]}, "records of alerts: uuid must be a UUID."),
    "records twice": (
        {"records/alerts/a.json": [GOOD_ALERT] * 2},
        f"The record of alerts {ALERT} is in the file twice.",
    ),
    "module of records": ({"records/A b/a.json": []}, "records: 'A b' is no name of a module."),
    "variables": ({"playbooks/globalVariables.json": {}}, "global variables: must be a list of objects."),
    "variable": ({"playbooks/globalVariables.json": [{"name": 1}]}, "global variables: name must be a text"),
    "variable's value": (
        {"playbooks/globalVariables.json": [{"name": "V", "value": {}}]},
        "global variables: 'V': value must be a text.",
    ),
    "collection": ({"playbooks/C/collection.metadata.json": []}, "collection.metadata.json must be an object."),
    "collection's name": (
        {"playbooks/C/collection.metadata.json": {"uuid": NOBODY, "name": " "}},
        "collections of playbooks: ' ': name must be a text that is not empty.",
    ),
    "playbook": (
        {"playbooks/C/collection.metadata.json": METADATA, "playbooks/C/P.json": []},
        "collections of playbooks: 'C': workflows must be a list of objects.",
    ),
    "steps": (
        {"playbooks/C/collection.metadata.json": METADATA, "playbooks/C/P.json": {**GOOD_PLAYBOOK, "steps": "x"}},
        "collections of playbooks: 'C': 'P': steps must be a list of objects.",
    ),
    "step's name": (
        {
            "playbooks/C/collection.metadata.json": METADATA,
            "playbooks/C/P.json": {**GOOD_PLAYBOOK, "steps": [{**GOOD_STEP, "name": 5}]},
        },
        "collections of playbooks: 'C': name must be a text",
    ),
    "arguments": (
        {
            "playbooks/C/collection.metadata.json": METADATA,
            "playbooks/C/P.json": {**GOOD_PLAYBOOK, "steps": [{**GOOD_STEP, "arguments": "x"}]},
        },
        "collections of playbooks: 'C': arguments of 'S' must be an object.",
    ),
    "tags": (
        {"playbooks/C/collection.metadata.json": METADATA, "playbooks/C/P.json": {**GOOD_PLAYBOOK, "recordTags": 1}},
        "collections of playbooks: 'C': recordTags must be a list.",
    ),
    "playbooks twice": (
        {"playbooks/C/collection.metadata.json": METADATA, **{f"playbooks/C/{n}.json": GOOD_PLAYBOOK for n in "ab"}},
        f"The playbook {NOBODY} is in the file twice.",
    ),
    "connectors": ({"connectors/data.json": {}}, "connectors: must be a list of objects."),
    "connector's version": ({"connectors/data.json": [{"name": "a"}]}, "connectors: 'a': version must be a text"),
    "configurations": (
        {"connectors/data.json": [{**GOOD_CONNECTOR, "configurations": 1}]},
        "connectors: 'keeper': configurations must be a list of objects.",
    ),
    "config_id": (
        {"connectors/data.json": [{**GOOD_CONNECTOR, "configurations": [{**GOOD_CONFIGURATION, "config_id": 7}]}]},
        "connectors: 'keeper': config_id must be a UUID.",
    ),
    "config": (
        {"connectors/data.json": [{**GOOD_CONNECTOR, "configurations": [{**GOOD_CONFIGURATION, "config": []}]}]},
        "connectors: 'keeper': config must be an object.",
    ),
    "default": (
        {"connectors/data.json": [{**GOOD_CONNECTOR, "configurations": [{**GOOD_CONFIGURATION, "default": 2}]}]},
        "connectors: 'keeper': default must be true or false.",
    ),
    "installer is not there": (
        {"connectors/data.json": [{**GOOD_CONNECTOR, "install_mode": "tgz", "installer_path": "k.tgz"}]},
        "connectors: 'k.tgz' of 'keeper' is not in the file.",
    ),
    "installer is no archive": (
        {
            "connectors/data.json": [{**GOOD_CONNECTOR, "install_mode": "tgz", "installer_path": "k.tgz"}],
            "connectors/k.tgz": b"x",
        },
        "connectors: 'k.tgz' cannot be installed: The file is not a complete gzip-compressed tar archive",
    ),
    "installer is another one": (
        {
            "connectors/data.json": [
                {**GOOD_CONNECTOR, "version": "2.0.0", "install_mode": "tgz", "installer_path": "k.tgz"}
            ],
            "connectors/k.tgz": connector(),
        },
        "connectors: 'k.tgz' holds keeper 1.0.0, not keeper 2.0.0.",
    ),
}


def check_refusal(place: Place, file: bytes, reason: str) -> None:
    told = place.refusal_of(file)
    assert reason in told
    assert told.endswith(".")
    assert "\n" not in told
    assert "Traceback" not in told


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_one_sentence_and_changes_nothing(untouched: Place, case: str) -> None:
    make, reason = HOSTILE[case]
    check_refusal(untouched, make(), reason)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_type_at_any_place_is_refused_before_anything_is_imported(untouched: Place, case: str) -> None:
    files, reason = WRONG[case]
    good = {"records/incidents/a.json": [{"uuid": INCIDENT, "name": "Big"}]}
    check_refusal(untouched, pack(**good, **files), reason)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value within a JSON value."""
    yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from nodes(child, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a JSON value with another one at a path in it."""
    if not path:
        return by
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = replaced(value[path[0]], path[1:], by)
    return made


SMALL = {
    "contents": {},
    "files": {
        "picklists/C.json": {**METADATA, "picklists": [{"uuid": ITEM, "itemValue": "Red", "orderIndex": 0}]},
        "records/alerts/a.json": [{**GOOD_ALERT, "severity": None, "recordTags": ["a"], "incidents": []}],
        "playbooks/C/collection.metadata.json": METADATA,
        "playbooks/C/P.json": {**GOOD_PLAYBOOK, "recordTags": ["a"], "isActive": True},
        "playbooks/globalVariables.json": [{"name": "V", "value": "v", "default_value": None}],
        "connectors/data.json": [{**GOOD_CONNECTOR, "configurations": [GOOD_CONFIGURATION]}],
    },
}


def refused_by_reading(file: bytes) -> bool:
    try:
        read_bundle(file)
    except BadArchive:
        return True
    return False


def test_any_other_value_at_any_place_is_refused_or_imported_and_breaks_nothing(two: Place) -> None:
    others: list[Any] = [None, 5, 10**400, "a\0b", [], {}, [{}]]
    files = [json.dumps(replaced(SMALL, path, other)).encode() for path in nodes(SMALL) for other in others]
    accepted = [file for file in files if not refused_by_reading(file)]
    assert 50 < len(accepted) < len(files) - 100
    for file in accepted[::5]:
        job = two.bring_in(file)
        assert job["status"] == "Import Complete", (file, job["errorMessage"])
        assert not any("failed at" in line for line in log_of(job)), (file, log_of(job))
        two.everything()


def test_a_failed_import_has_the_status_that_the_switch_says(one: Place) -> None:
    one.set("import_failure_status", "Import Failed")
    job = one.job_for(b"")
    one.ask("GET", job.replace("3/import_jobs", "import"))
    one.settle()
    assert one.ask("GET", job)["status"] == "Import Failed"


def test_a_file_that_was_deleted_meanwhile_is_told(one: Place) -> None:
    job = one.job_for(pack())
    file = one.ask("GET", job)["file"]
    one.ask("DELETE", file, status=204)
    one.ask("GET", job.replace("3/import_jobs", "import"))
    one.settle()
    row = one.ask("GET", job)
    assert (row["status"], row["errorMessage"]) == ("Error", f"{file} was not found.")


def test_what_has_no_place_in_the_lab_is_left_out_and_told(one: Place) -> None:
    files = {"dashboards/Overview.json": {}, "playbooks/Loose/P.json": GOOD_PLAYBOOK, "roles/x.json": 1}
    job = one.bring_in(pack(**files, **{"records/scenario/a.json": [GOOD_ALERT]}))
    assert log_of(job)[1:] == [
        "1 records of scenario were not imported: they have no place here.",
        "Left out, as the local FortiSOAR has no place for it: dashboards/Overview.json, playbooks/Loose, roles/x.json.",
    ]


# pyfsr.


def test_pyfsr_exports_from_one_and_imports_into_another(
    client: Any, served: tuple[Soar, str, str], two: Place, tmp_path: Path
) -> None:
    soar = served[0]
    soar.product.switches.set("seconds_of_a_job", 0)
    fill(Place(soar))
    made = client.export_config.create_simplified_template(
        "Nightly", modules=["alerts"], picklists=["Colours / of ours"], playbook_collections=["Tests"]
    )
    options = {**made["options"], **{key: EVERYTHING[key] for key in ("recordSets", "connectors")}}
    client.export_templates.update(made["uuid"], options=options)
    assert client.get(made["@id"])["options"] == options
    path = client.export_config.export_by_template_name("Nightly", str(tmp_path / "n.zip"), poll_interval=0)
    before = moved(Place(soar))
    alone = client.export_config.export_connector("keeper", str(tmp_path / "keeper.zip"), poll_interval=0)
    records = client.export_config.export_record_data("alerts", output_path=str(tmp_path / "a.zip"), poll_interval=0)
    assert [template.name for template in client.export_templates.list()] == ["Nightly"]

    soar.product.reset()
    soar.product.switches.set("seconds_of_a_job", 0)
    dry = client.import_config.dry_run(path)
    assert (dry.ok, dry.findings and [each.code for each in dry.findings if each.is_error]) == (True, [])
    result = client.import_config.import_file(path, interval=0)

    assert (result.status, result.errorMessage) == ("Import Complete", None)
    assert [line.message for line in result.logMessages][-1] == "recordSets: 3 created."
    after = moved(Place(soar))
    assert without(after, "macros") == without(before, "macros")
    assert told(Place(soar)) == (f"{SECRET}!", "Grüße")
    assert two.bring_in(Path(alone).read_bytes())["status"] == "Import Complete"
    assert "recordSets: 2 created." in log_of(two.bring_in(Path(records).read_bytes()))


def test_pyfsr_tells_a_failed_import_and_refuses_an_api_key(
    client: Any, served: tuple[Soar, str, str], tmp_path: Path
) -> None:
    served[0].product.switches.set("seconds_of_a_job", 0)
    path = tmp_path / "bad.zip"
    path.write_bytes(pack())
    uploaded = client.files.upload(str(path))
    job = client.import_config.create_job(uploaded["@id"])
    client.delete(uploaded["@id"])
    client.import_config.generate_options(job)
    served[0].product.jobs.settle()
    assert client.import_config.wait_for_import(job, interval=0).status == "Error"
    made = client.export_config.create_export_template("Bad", {"recordSets": [1]})
    with pytest.raises(APIError, match="recordSets: each must be an object"):
        client.export_config.export_by_template_uuid(made["uuid"], str(tmp_path / "x.zip"), poll_interval=0)
    _, url, ca = served
    keyed = FortiSOAR(url, token=KEY, verify_ssl=ca)  # type: ignore[arg-type]  # requests takes a CA's file, too
    with pytest.raises(UnsupportedAuthOperationError):
        keyed.import_config.generate_options(job)
    keyed.session.close()


def test_an_export_posted_as_collections_still_replaces_them(one: Place) -> None:
    """The lab's own way to take an export of playbooks in is not export and import; both stay."""
    one.soar.ask("POST", "/api/3/workflow_collections", exported(playbook("P", start())), 201)
    held = json.loads(one.export({"playbooks": {"collections": [COLLECTION]}}, "p.json"))["files"]
    assert held["playbooks/Tests/P.json"]["uuid"] == workflow_uuid("P")
