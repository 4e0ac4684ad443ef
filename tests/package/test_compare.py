"""``python -m release diff``: what a new version breaks, and which number it needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from release.__main__ import main
from release.check import Package
from release.compare import Level, broken_steps, changes, is_enough, needed

Row = dict[str, Any]


def field(name: str, **more: Any) -> Row:
    return {"name": name, "title": name.title(), "type": "text", "required": False, "visible": True, **more}


OPTIONS = {"type": "select", "options": ["Low", "High"], "value": "Low"}


def made() -> Row:
    """Return a small manifest."""
    return {
        "name": "tiny",
        "label": "Tiny",
        "version": "1.2.3",
        "description": "Says things.",
        "configuration": {
            "fields": [
                field("mode", **OPTIONS, onchange={"Low": [field("key")], "High": [field("key"), field("user")]})
            ]
        },
        "operations": [
            {
                "operation": "say",
                "title": "Say",
                "description": "Says it.",
                "category": "miscellaneous",
                "parameters": [
                    field("text", required=True),
                    field("level", **OPTIONS),
                    field("times", type="integer", value=1, validation={"minlength": 1, "maxlength": 9}),
                ],
                "output_schema": {"said": "", "times": "", "of": {"id": ""}, "rows": [{"word": ""}], "detail": ""},
            }
        ],
    }


def package(info: Row, *workflows: Row) -> Package:
    collection = {"type": "workflow_collections", "data": [{"workflows": list(workflows)}]}
    return Package(
        "tiny", {"info.json": json.dumps(info).encode(), "playbooks/playbooks.json": json.dumps(collection).encode()}
    )


def params(info: Row) -> list[Row]:
    rows: list[Row] = info["operations"][0]["parameters"]
    return rows


def schema(info: Row) -> Row:
    found: Row = info["operations"][0]["output_schema"]
    return found


MAJOR, MINOR, PATCH = Level.MAJOR, Level.MINOR, Level.PATCH
# How the manifest is changed, and what is said of it.
CHANGES: list[tuple[Callable[[Row], object], Level, str]] = [
    (lambda i: i["operations"].pop(), MAJOR, "action say is gone"),
    (lambda i: i["operations"][0].update(operation="speak"), MAJOR, "action say is gone; it may be called speak now"),
    (lambda i: i["operations"][0].update(visible=False), MAJOR, "action say is hidden"),
    (lambda i: i["operations"].append({"operation": "sing", "title": "Sing"}), MINOR, "action sing is new"),
    (lambda i: i["operations"][0].update(title="Say It"), PATCH, "action say has another title"),
    (lambda i: i.update(name="other"), MAJOR, "connector has another name: other"),
    (lambda i: i.update(description="Says more."), PATCH, "connector has another description: Says more."),
    (lambda i: params(i).pop(1), MAJOR, "action say has no field level any more"),
    (
        lambda i: params(i)[1].update(name="severity", title="Level"),
        MAJOR,
        "action say has no field level any more; it may be called severity now",
    ),
    (lambda i: params(i).append(field("more")), MINOR, "action say has a new field more"),
    (lambda i: params(i).append(field("more", required=True)), MAJOR, "action say has a new required field more"),
    (lambda i: params(i).append(field("more", required=True, value="x")), MINOR, "action say has a new field more"),
    (lambda i: params(i)[2].update(required=True, value=None), MAJOR, "action say, field times must be given now"),
    (lambda i: params(i)[0].update(type="json"), MAJOR, "action say, field text is of type json, and was of text"),
    (
        lambda i: params(i)[1].update(value="High"),
        MAJOR,
        "action say, field level has the default 'High', and had 'Low'",
    ),
    (lambda i: params(i)[1].update(options=["Low"]), MAJOR, "action say, field level has no option High any more"),
    (
        lambda i: params(i)[1].update(options=["Low", "High", "Top"]),
        MINOR,
        "action say, field level has a new option Top",
    ),
    (
        lambda i: params(i)[2].update(validation={"minlength": 1, "maxlength": 5}),
        MAJOR,
        "action say, field times takes less than before",
    ),
    (lambda i: params(i)[2].update(validation={}), MINOR, "action say, field times takes more than before"),
    (
        lambda i: params(i)[0].update(validation={"pattern": "^a"}),
        MAJOR,
        "action say, field text takes less than before",
    ),
    (lambda i: params(i)[0].update(tooltip="What to say."), PATCH, "action say, field text has other words"),
    (
        lambda i: i["configuration"]["fields"][0]["onchange"].update(High=[field("user")]),
        MAJOR,
        "configuration, field key is not shown with the same choices any more",
    ),
    (lambda i: i["configuration"]["fields"][0].update(onchange={}), MAJOR, "configuration has no field user any more"),
    (lambda i: schema(i).pop("said"), MAJOR, "action say returns no said any more"),
    (lambda i: schema(i)["of"].pop("id"), MAJOR, "action say returns no of.id any more"),
    (lambda i: schema(i)["rows"][0].pop("word"), MAJOR, "action say returns no rows.word any more"),
    (lambda i: schema(i).update(of=""), MAJOR, "action say returns of in another form"),
    (lambda i: schema(i).update(detail={"id": ""}), MINOR, "action say says what detail holds"),
    (lambda i: schema(i).update(more=""), MINOR, "action say returns more, too"),
]


@pytest.mark.parametrize(("change", "level", "told"), CHANGES, ids=[told for _, _, told in CHANGES])
def test_a_change_is_told_with_its_level(change: Callable[[Row], object], level: Level, told: str) -> None:
    info = made()
    change(info)
    found = changes(package(made()), package(info))
    assert (level, told) in [(each.level, f"{each.where} {each.what}") for each in found]
    assert found[0].level == level


def test_the_same_connector_has_not_changed() -> None:
    assert changes(package(made()), package(made())) == []


@pytest.mark.parametrize(("level", "least"), [(MAJOR, "2.0.0"), (MINOR, "1.3.0"), (PATCH, "1.2.4"), (None, "1.2.3")])
def test_the_level_says_which_version_is_needed(level: Level | None, least: str) -> None:
    change = next((each for each, its, _ in CHANGES if its is level), lambda info: None)
    info = made()
    change(info)
    assert needed("1.2.3", changes(package(made()), package(info))) == least
    assert is_enough(least, least)
    assert is_enough("10.0.0", least)
    assert not is_enough("1.2.2", least)


def test_steps_that_name_what_is_gone_are_told() -> None:
    step = {"name": "Say", "arguments": {"connector": "tiny", "operation": "say", "params": {"text": "x", "level": ""}}}
    info, gone = made(), made()
    params(info).pop(1)
    gone["operations"] = []
    old = package(made(), {"name": "Story", "steps": [step]})
    assert list(broken_steps(old, package(info))) == ["playbook Story, step Say: say has no parameter level any more"]
    assert list(broken_steps(old, package(gone))) == ["playbook Story, step Say: there is no action say any more"]


# Whatever two forms look like: where nothing major is found, what the old one took, the new one takes.

NAMES = st.sampled_from("abc")
FIELDS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["text", "select", "integer"]),
            "required": st.booleans(),
            "value": st.sampled_from([None, 1, 2, "x"]),
            "options": st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3),
            "low": st.integers(0, 3),
            "high": st.integers(2, 6),
        }
    ),
)
VALUES = st.dictionaries(NAMES, st.sampled_from([None, 0, 1, 2, 3, 4, 5, 6, "x", "y", "z"]))


def form(drawn: Row) -> list[Row]:
    rows = []
    for name, its in drawn.items():
        row = field(name, type=its["type"], required=its["required"], value=its["value"])
        if its["type"] == "select":
            row["options"] = its["options"]
        if its["type"] == "integer":
            row["validation"] = {"minlength": its["low"], "maxlength": its["high"]}
        rows.append(row)
    return rows


def takes(rows: list[Row], values: Row) -> bool:
    """Return whether a form takes values: what is required or has no default is given, and each value fits."""
    for row in rows:
        value = values.get(row["name"])
        if value is None:
            if row["required"] and row["value"] is None:
                return False
        elif row["type"] == "select" and row["options"]:
            if value not in row["options"]:
                return False
        elif row["type"] == "integer":
            low, high = row["validation"]["minlength"], row["validation"]["maxlength"]
            if not isinstance(value, int) or not low <= value <= high:
                return False
    return set(values) <= {row["name"] for row in rows}


@given(FIELDS, FIELDS, VALUES)
def test_without_a_major_change_what_was_valid_is_valid(old: Row, new: Row, values: Row) -> None:
    infos = [made(), made()]
    for info, drawn in zip(infos, (old, {**old, **new}), strict=True):
        info["operations"][0]["parameters"] = form(drawn)
    found = changes(*map(package, infos))
    if not any(change.level is MAJOR for change in found):
        assert takes(params(infos[1]), values) or not takes(params(infos[0]), values)


def written(folder: Path, info: Row) -> str:
    folder.mkdir()
    (folder / "info.json").write_text(json.dumps(info))
    return str(folder)


def test_the_command_fails_where_the_version_is_too_low(tmp_path: Path) -> None:
    less = made()
    schema(less).pop("said")
    old, new = written(tmp_path / "old", made()), written(tmp_path / "new", {**less, "version": "1.3.0"})
    result = CliRunner().invoke(main, ["diff", old, new])
    assert (result.exit_code, result.output) == (
        1,
        "major action say returns no said any more\n1.2.3 to 1.3.0: too low, 2.0.0 is needed.\n",
    )
    enough = written(tmp_path / "enough", {**less, "version": "2.0.0"})
    result = CliRunner().invoke(main, ["diff", old, enough])
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "1.2.3 to 2.0.0: enough.")


def test_a_version_that_cannot_be_compared_is_said(tmp_path: Path) -> None:
    old, new = written(tmp_path / "old", {**made(), "version": "x"}), written(tmp_path / "new", made())
    result = CliRunner().invoke(main, ["diff", old, new])
    assert (result.exit_code, result.output) == (1, "Error: old has no version of three numbers: 'x'.\n")
