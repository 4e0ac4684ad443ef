"""The rules of ``python -m release check``: this connector keeps them, and each finds the fault that is planted for it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from release.__main__ import main
from release.archive import ROOT
from release.check import PAGE, RULES, Package, Unreadable, as_sarif, findings, read, rules_page

Row = dict[str, Any]
Change = Callable[[Row], object]
COLLECTION = "playbooks/playbooks.json"


@pytest.fixture(scope="module")
def ours(archive: Path) -> Package:
    return read(archive)


class Copy:
    """A copy of the connector to plant a fault in."""

    def __init__(self, package: Package) -> None:
        self.folder, self.files, self.odd = package.folder, dict(package.files), [*package.odd]

    def info(self, change: Change) -> None:
        self._json("info.json", change)

    def collection(self, change: Change) -> None:
        self._json(COLLECTION, change)

    def action(self, name: str, **changes: Any) -> None:
        self.info(lambda info: _named(info["operations"], "operation", name).update(changes))

    def field(self, action: str, name: str, **changes: Any) -> None:
        def change(info: Row) -> None:
            _named(_named(info["operations"], "operation", action)["parameters"], "name", name).update(changes)

        self.info(change)

    def add_field(self, **more: Any) -> None:
        """Add a good field to get_siem_incident, with changes; the code names ``fields`` and ``status`` elsewhere."""
        good = {
            "name": "status", "title": "Status", "type": "text", "required": False, "editable": True, "visible": True,
            "description": "What is looked for in a word.", "value": "",
        }  # fmt: skip
        self.info(lambda info: _named(info["operations"], "operation", ACTION)["parameters"].append({**good, **more}))

    def configured(self, **more: Any) -> None:
        """Add a good field to the configuration, with changes."""
        good = {
            "name": "status", "title": "Status", "type": "text", "required": False, "editable": True, "visible": True,
            "description": "What is looked for in a word.", "value": "",
        }  # fmt: skip
        self.info(lambda info: info["configuration"]["fields"].append({**good, **more}))

    def workflow(self, **changes: Any) -> None:
        self.collection(lambda document: document["data"][0]["workflows"][0].update(changes))

    def step(self, change: Change) -> None:
        """Change the second step of the first playbook: a sample's action."""
        self.collection(lambda document: change(document["data"][0]["workflows"][0]["steps"][1]))

    def code(self, text: str) -> None:
        """Add code to connector.py."""
        self.files["connector.py"] += f"\n{text}\n".encode()

    def package(self) -> Package:
        return Package(self.folder, self.files, self.odd)

    def _json(self, path: str, change: Change) -> None:
        document = json.loads(self.files[path])
        change(document)
        self.files[path] = json.dumps(document).encode()


ACTION = "get_siem_incident"


def _named(rows: list[Row], key: str, value: str) -> Row:
    return next(row for row in rows if row[key] == value)


def png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height)).save(written, "PNG")
    return written.getvalue()


def password(**more: Any) -> Row:
    return {
        "name": "status", "title": "Status", "type": "password", "required": False, "editable": True, "visible": True,
        "description": "What is looked for in a word.", **more,
    }  # fmt: skip


def rename(key: str, value: Any) -> Callable[[Copy], object]:
    return lambda made: made.info(lambda info: info.update({key: value}))


def drop(key: str) -> Callable[[Copy], object]:
    return lambda made: made.info(lambda info: info.pop(key))


def without_method(name: str) -> Callable[[Copy], object]:
    def plant(made: Copy) -> None:
        made.files["connector.py"] = made.files["connector.py"].replace(
            f"def {name}(".encode(), f"def _{name}(".encode()
        )

    return plant


def file(path: str, data: bytes) -> Callable[[Copy], object]:
    return lambda made: made.files.update({path: data})


def code(text: str) -> Callable[[Copy], object]:
    return lambda made: made.code(text)


def oddly_named(made: Copy) -> None:
    made.folder = "My_Connector"
    rename("name", "My_Connector")(made)


def named_like_a_secret(made: Copy) -> None:
    made.configured(name="api_key")
    made.code('KEY = "api_key"')


def deep(levels: int) -> Any:
    return {"level": deep(levels - 1)} if levels else ""


def twin_uuid(document: Row) -> None:
    first, second = document["data"][0]["workflows"][:2]
    second["routes"][0]["uuid"] = first["routes"][0]["uuid"]


def without_role(document: Row) -> None:
    for workflow in document["data"][0]["workflows"]:
        workflow["recordTags"] = [tag for tag in workflow["recordTags"] if tag != "fetch"]


def misspelt_role(document: Row) -> None:
    workflow = next(each for each in document["data"][0]["workflows"] if "fetch" in each["recordTags"])
    workflow["recordTags"].append("Fetch")


def lost_option(document: Row) -> None:
    for workflow in document["data"][0]["workflows"]:
        for step in workflow["steps"]:
            if isinstance(step["arguments"], dict) and step["arguments"].get("conditions"):
                step["arguments"]["conditions"][0]["step_iri"] = "/api/3/workflow_steps/gone"
                return


def lost_call(document: Row) -> None:
    for workflow in document["data"][0]["workflows"]:
        for step in workflow["steps"]:
            if isinstance(step["arguments"], dict) and step["arguments"].get("workflowReference"):
                step["arguments"]["workflowReference"] = "/api/3/workflows/gone"
                return


def without_sample(document: Row) -> None:
    workflows = document["data"][0]["workflows"]
    workflows.remove(_named(workflows, "name", "Get Diagnostics"))


def island(document: Row) -> None:
    workflow = document["data"][0]["workflows"][0]
    workflow["steps"].append({**workflow["steps"][1], "uuid": "11111111-1111-4111-8111-111111111111", "name": "Island"})


SELECT = {"type": "select", "options": ["One", "Two"], "value": "One"}

PLANTED: dict[str, Callable[[Copy], object]] = {
    "FSR101": file("info.json", b"{"),
    "FSR102": lambda made: setattr(made, "folder", "fortinet-incident-bridge_1_0_0"),
    "FSR103": rename("label", ""),
    "FSR104": rename("version", "1.0"),
    "FSR105": lambda made: made.info(lambda info: info["operations"].append("get_more")),
    "FSR106": rename("configuration", None),
    "FSR107": lambda made: made.action(ACTION, title=""),
    "FSR108": lambda made: made.info(
        lambda info: info["operations"].append({**_named(info["operations"], "operation", ACTION), "title": "Again"})
    ),
    "FSR109": lambda made: made.odd.append("beside/notes.txt"),
    "FSR201": lambda made: made.files.pop("connector.py"),
    "FSR202": file("core/odd.py", b"def ("),
    "FSR203": file("core/odd.py", "# caf\u00e9".encode()),
    "FSR204": file("__pycache__/connector.cpython-39.pyc", b""),
    "FSR205": lambda made: made.files.pop("images/small.png"),
    "FSR206": file("images/small.png", b"no picture"),
    "FSR207": file("images/small.png", png(40, 40)),
    "FSR208": file("requirements.txt", b"requests\njsonschema==4.17.3\n"),
    "FSR209": file("requirements.txt", b"requests\njsonschema\n??\n"),
    "FSR210": file("release_notes.md", b""),
    "FSR211": file("core/info.json", b"{}"),
    "FSR212": lambda made: made.files.pop(COLLECTION),
    "FSR301": oddly_named,
    "FSR302": rename("version", "0.9.0"),
    "FSR303": rename("publisher", ""),
    "FSR304": rename("cs_approved", True),
    "FSR305": rename("category", ["Monitoring", "Weather"]),
    "FSR306": drop("icon_large_name"),
    "FSR307": rename("description", "Does things."),
    "FSR308": rename("help_online", "https://example.com/help"),
    "FSR309": lambda made: made.action(ACTION, category="other"),
    "FSR310": lambda made: made.action(ACTION, description="Gets it."),
    "FSR311": lambda made: made.action(ACTION, output_schema={}),
    "FSR312": lambda made: made.info(
        lambda info: _named(info["operations"], "operation", ACTION).update(title=info["operations"][0]["title"])
    ),
    "FSR313": lambda made: made.action(ACTION, annotation="getIncident"),
    "FSR314": lambda made: made.action(ACTION, title="get_incident"),
    "FSR315": lambda made: made.field(ACTION, "incident_id", description="ID of the incident that is to be read"),
    "FSR316": lambda made: made.action(ACTION, title="Get  Incident"),
    "FSR317": rename("ingestion_modes", ["hourly"]),
    "FSR318": lambda made: made.action(ACTION, output_schema=deep(9)),
    "FSR319": rename("active", True),
    "FSR401": lambda made: made.add_field(title=""),
    "FSR402": lambda made: made.add_field(type="numeric"),
    "FSR403": lambda made: made.add_field(description=""),
    "FSR404": lambda made: made.add_field(toolip="What it is."),
    "FSR405": lambda made: made.add_field(editable="yes"),
    "FSR406": lambda made: made.add_field(type="select"),
    "FSR407": lambda made: made.add_field(**{**SELECT, "value": "Three"}),
    "FSR408": lambda made: made.add_field(type="checkbox", value="true"),
    "FSR409": lambda made: made.add_field(name="incident_id", title="Status"),
    "FSR410": lambda made: made.add_field(**SELECT, onchange={"Three": []}),
    "FSR411": lambda made: made.add_field(**SELECT, onchange={"One": "status"}),
    "FSR412": lambda made: made.configured(name="default"),
    "FSR413": lambda made: made.add_field(type="select", apiOperation="list_everything"),
    "FSR414": named_like_a_secret,
    "FSR415": lambda made: made.configured(type="password", value="hunter2"),
    "FSR416": lambda made: made.configured(
        type="checkbox", value=False, name="text", onchange={"true": [password()]}
    ),
    "FSR417": lambda made: made.configured(required=True, visible=False),
    "FSR418": lambda made: made.add_field(
        **SELECT, visible=False, onchange={"One": [password(type="text", name="text")]}
    ),
    "FSR419": lambda made: made.add_field(type="integer", validation={"minlength": 5, "maxlength": 1}),
    "FSR420": lambda made: made.add_field(validation={"pattern": "^[0-9]+$"}),
    "FSR421": lambda made: made.add_field(value="http://example.com"),
    "FSR422": lambda made: made.info(
        lambda info: _named(info["configuration"]["fields"], "name", "verify_ssl").update(value=False)
    ),
    "FSR423": lambda made: made.add_field(required=True),
    "FSR424": lambda made: made.add_field(tooltip="What is looked for in a word."),
    "FSR425": lambda made: made.add_field(type="select", apiOperation="list_fortimonitor_servers", apiOnchange=True),
    "FSR426": lambda made: made.add_field(type="integer", value="5"),
    "FSR427": lambda made: made.add_field(**{**SELECT, "options": ["One", "One"]}),
    "FSR501": code("class Another(Connector):\n    pass"),
    "FSR502": without_method("execute"),
    "FSR503": without_method("check_health"),
    "FSR504": code("import core.urls"),
    "FSR505": code("import distutils"),
    "FSR506": code("import pdb"),
    "FSR507": code("import pandas"),
    "FSR508": code('print("here")'),
    "FSR509": code("import sys\nsys.exit(1)"),
    "FSR510": code('import requests\nrequests.get("https://example.com", verify=False, timeout=5)'),
    "FSR511": code('eval("1")'),
    "FSR512": code('import requests\nrequests.get("https://example.com")'),
    "FSR513": file("core/key.txt", b"-----BEGIN RSA PRIVATE KEY-----"),
    "FSR514": code('PASSWORD = "hunter2hunter2"'),
    "FSR515": code('SERVER = "192.168.17.4"'),
    "FSR516": code("class Kept(Connector):\n    def execute(self, config, operation, params):\n        self.token = 1"),
    "FSR517": lambda made: made.info(
        lambda info: info["operations"].append(
            {
                "operation": "dance", "title": "Dance", "category": "miscellaneous", "annotation": "dance",
                "description": "Dances for a while, and says so.", "parameters": [], "visible": False, "enabled": True,
            }
        )
    ),
    "FSR518": code('def dance(config, params):\n    return {}\n\n\noperations = {"dance": dance}'),
    "FSR519": lambda made: made.configured(name="unheard_of"),
    "FSR520": code('def dance(config, params):\n    return params.get("unheard_of")'),
    "FSR521": lambda made: None,
    "FSR601": file(COLLECTION, b"[]"),
    "FSR602": lambda made: made.collection(lambda document: document["data"][0].update(name="Samples")),
    "FSR603": lambda made: made.workflow(isActive=True),
    "FSR604": lambda made: made.workflow(debug=True),
    "FSR605": lambda made: made.step(lambda step: step["arguments"].update(version="0.1.0")),
    "FSR606": lambda made: made.step(lambda step: step["arguments"].update(operation="dance")),
    "FSR607": lambda made: made.step(lambda step: step["arguments"]["params"].update(unheard_of="")),
    "FSR608": lambda made: made.step(lambda step: step["arguments"].update(params={})),
    "FSR609": lambda made: made.collection(
        lambda document: document["data"][0]["workflows"][0]["routes"].append(
            {"name": "Lost", "uuid": "22222222-2222-4222-8222-222222222222", "sourceStep": "", "targetStep": ""}
        )
    ),
    "FSR610": lambda made: made.workflow(triggerStep="/api/3/workflow_steps/gone"),
    "FSR611": lambda made: made.collection(island),
    "FSR612": lambda made: made.step(lambda step: step["arguments"].update(config="11111111-1111-4111-8111-111111111111")),
    "FSR613": lambda made: made.workflow(tag="", recordTags=[]),
    "FSR614": lambda made: made.collection(without_sample),
    "FSR615": lambda made: made.collection(twin_uuid),
    "FSR616": lambda made: made.step(lambda step: step.update(left="")),
    "FSR617": lambda made: made.collection(lost_option),
    "FSR618": lambda made: made.collection(lost_call),
    "FSR619": lambda made: made.collection(
        lambda document: document["data"][0]["workflows"][0].update(name=document["data"][0]["workflows"][1]["name"])
    ),
    "FSR620": lambda made: made.collection(without_role),
    "FSR621": lambda made: made.collection(misspelt_role),
    "FSR622": lambda made: made.collection(lambda document: document["data"][0].update(description="Samples.")),
    "FSR623": lambda made: made.workflow(description=""),
}  # fmt: skip
# What a fault cannot help breaking besides.
BESIDES = {
    "FSR101": {"FSR103"},
    "FSR423": {"FSR608"},
    "FSR104": {"FSR602", "FSR605"},
    "FSR103": {"FSR602"},
    "FSR106": {"FSR519"},
    "FSR108": {"FSR312"},
    "FSR201": set(),
    "FSR301": {"FSR614"},
    "FSR302": {"FSR602", "FSR605"},
    "FSR501": set(),
    "FSR516": {"FSR501"},
    "FSR606": {"FSR614"},
    "FSR610": {"FSR611"},
}


def test_this_connector_keeps_every_rule(ours: Package) -> None:
    assert [(rule.id, found) for rule, found in findings(ours)] == []


def test_every_rule_has_its_planted_fault() -> None:
    assert set(PLANTED) == set(RULES)


@pytest.mark.parametrize("id", sorted(RULES))
def test_a_planted_fault_is_found_by_its_rule_alone(ours: Package, id: str) -> None:
    made = Copy(ours)
    PLANTED[id](made)
    found = findings(made.package(), contribute=id == "FSR521")
    assert id in {rule.id for rule, _ in found}
    assert {rule.id for rule, _ in found} - {id} <= BESIDES.get(id, set())
    assert all(place.where for _, place in found)


def test_a_secret_is_not_shown(ours: Package) -> None:
    made = Copy(ours)
    for id in ("FSR415", "FSR513", "FSR514"):
        PLANTED[id](made)
    told = as_sarif(findings(made.package()))
    assert "hunter2" not in told
    assert "PRIVATE KEY" not in told


def packed(folder: Path, *members: tuple[str, bytes]) -> Path:
    path = folder / "connector.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda folder: folder / "absent", "does not exist."),
        (lambda folder: folder, "holds no info.json. Name the folder of the connector itself, or its archive."),
        (lambda folder: packed(folder), "connector.tgz holds no folder with an info.json at its top."),
        (lambda folder: packed(folder, ("info.json", b"{}")), "connector.tgz holds no folder with an info.json"),
    ],
)
def test_what_is_no_connector_is_said_in_one_line(tmp_path: Path, made: Callable[[Path], Path], message: str) -> None:
    with pytest.raises(Unreadable, match=message.replace(".", r"\.")):
        read(made(tmp_path))


def test_an_archive_is_read_as_the_importer_of_the_lab_reads_it(tmp_path: Path) -> None:
    beside = packed(tmp_path, ("tiny/info.json", b"{}"), ("zoo/notes.txt", b""))
    assert read(beside).odd == ["zoo/notes.txt"]
    with pytest.raises(Unreadable, match=r"connector\.tgz cannot be judged: '\.\./evil' does not start with"):
        read(packed(tmp_path, ("tiny/info.json", b"{}"), ("../evil", b"")))


def test_a_broken_archive_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.tgz"
    path.write_bytes(b"\x1f\x8b" + b"x" * 100)
    with pytest.raises(Unreadable, match=r"broken\.tgz cannot be judged: The file is not a complete gzip"):
        read(path)


# Whatever a manifest or a collection holds, nothing crashes.
ODD: list[Any] = [None, 7, "text", [], {}, [7], [[]], [None], {"fields": 7}, {"fields": [{"onchange": {"a": 7}}]}]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_odd_values_anywhere_are_findings_and_no_crash(ours: Package, value: Any) -> None:
    info = {**ours.info, "operations": ours.operations[:2]}
    document = {**ours.playbooks, "data": [{**ours.collections[0], "workflows": ours.workflows[:2]}]}
    for changed in everywhere(info, value):
        judge(ours, changed, document)
    for changed in everywhere(document, value):
        judge(ours, info, changed)


def judge(ours: Package, info: Row, document: Row) -> None:
    files = {"info.json": json.dumps(info).encode(), COLLECTION: json.dumps(document).encode()}
    findings(Package(ours.folder, files), contribute=True)


def everywhere(document: Any, value: Any) -> Iterator[Any]:
    """Return copies of a document in which one place after the other holds the value, of a list the first alone."""
    if isinstance(document, dict):
        for key, child in document.items():
            yield {**document, key: value}
            for changed in everywhere(child, value):
                yield {**document, key: changed}
    elif isinstance(document, list) and document:
        yield [value, *document[1:]]
        for changed in everywhere(document[0], value):
            yield [changed, *document[1:]]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *arguments])
    return result.exit_code, result.output


def test_the_command_ends_with_0_for_this_connector() -> None:
    assert run() == (0, "0 errors, 0 warnings.\n")


def test_the_command_tells_of_a_folder_what_where_why_and_what_to_do(ours: Package, tmp_path: Path) -> None:
    folder = tmp_path / ours.folder
    made = Copy(ours)
    made.action(ACTION, category="other")
    for path, data in made.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    code, told = run(str(folder))
    assert code == 1
    assert told == (
        "error FSR309: Each action has one of the four categories.\n"
        "  The checks that run on every contribution to Fortinet's repositories ask for it. "
        "Take one of them; investigation is for what only reads.\n"
        f"    action {ACTION}, category: other (allowed: containment, investigation, miscellaneous, remediation)\n"
        "1 errors, 0 warnings.\n"
    )
    code, told = run(str(folder), "--form", "json")
    (row,) = json.loads(told)
    assert (code, row["rule"], row["severity"], row["value"]) == (1, "FSR309", "error", "other")
    code, told = run(str(folder), "--form", "sarif")
    (result,) = json.loads(told)["runs"][0]["results"]
    assert (code, result["ruleId"], result["level"]) == (1, "FSR309", "error")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "info.json"


def test_the_page_of_rules_is_up_to_date() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == rules_page()
