"""What `python -m release build` makes beside the archive, and that all of it is the same wherever it is made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import PackageMetadata, distributions
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from release.archive import ROOT, BuildError, shipped_files
from release.artefacts import make_release
from release.libraries import LICENCES, LOCK, PYTHONS, libraries
from release.lock import requirements
from tests.package.pythons import Environment, environment

INFO = json.loads((ROOT / "info.json").read_text("ascii"))
STEM = f"{INFO['name']}-{INFO['version']}"
FILES = [f"{STEM}-python3.12.cdx.json", f"{STEM}-python3.9.cdx.json", f"{STEM}.tgz"]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the working copy."""
    folder = tmp_path_factory.mktemp("release")
    make_release(folder)
    return folder


def bill_of(made: Path, python: str) -> dict[str, Any]:
    bill: dict[str, Any] = json.loads((made / f"{STEM}-python{python}.cdx.json").read_text("ascii"))
    return bill


def test_the_checksums_are_those_of_every_other_file_as_sha256sum_writes_them(made: Path, archive: Path) -> None:
    files = contents(made)
    assert files.pop("SHA256SUMS").decode() == "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in FILES)
    assert files[archive.name] == archive.read_bytes()
    assert sorted(files) == FILES


# Each is put into a copy of the project before a release is built there, or returns how it is built there.
def in_another_folder(tree: Path) -> dict[str, Any]:
    return {"cwd": tree.rename(tree.with_name("a folder with blanks, \u00fc and 'quotes'"))}


def by_another_user(tree: Path) -> dict[str, Any]:
    as_nobody = ["unshare", "--user"]  # which not every machine allows
    is_allowed = shutil.which("unshare") and subprocess.run([*as_nobody, "true"], check=False).returncode == 0
    environment = {"HOME": str(tree), "USER": "nobody", "LOGNAME": "nobody"}
    return {"before": as_nobody if is_allowed else [], "env": environment}


def with_another_umask(tree: Path) -> dict[str, Any]:
    return {"umask": 0o077}


def in_another_time_zone(tree: Path) -> dict[str, Any]:
    return {"env": {"TZ": "Pacific/Kiritimati"}}


def in_another_locale(tree: Path) -> dict[str, Any]:
    return {"env": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}}


def at_another_time(tree: Path) -> dict[str, Any]:
    later = tree.with_name("later")
    later.mkdir()
    (later / "sitecustomize.py").write_text(
        "import datetime, time\n"
        "class Later(datetime.datetime):\n"
        "    now = classmethod(lambda cls, tz=None: cls(2040, 1, 1, tzinfo=tz))\n"
        "datetime.datetime, time.time = Later, lambda: 2208988800.0\n"
    )
    for number, file in enumerate(sorted(tree.rglob("*"))):
        os.utime(file, (number, 2_000_000_000 + number))
    return {"env": {"PYTHONPATH": str(later), "PYTHONHASHSEED": "7"}}


def with_untracked_files(tree: Path) -> dict[str, Any]:
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", str(tree), *command], check=True)  # noqa: S607 - as the build finds it
    for name in ("notes.py", "core/http/old.pyc", "core/keep.txt", "docs/draft.md", "dist/old.tgz", "images/x.xcf"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text("not to be shipped")
    return {}


VARIATIONS = (
    in_another_folder,
    by_another_user,
    with_another_umask,
    in_another_time_zone,
    in_another_locale,
    at_another_time,
    with_untracked_files,
)


@pytest.mark.parametrize("vary", VARIATIONS, ids=lambda vary: vary.__name__)
def test_the_bytes_of_a_release_are_the_same(
    vary: Callable[[Path], dict[str, Any]], made: Path, tmp_path: Path
) -> None:
    tree, into = tmp_path / "tree", tmp_path / "made"
    for file in [*shipped_files(), *ROOT.glob("release/*.py"), *(ROOT / LOCK.format(each) for each in PYTHONS)]:
        target = tree / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    how = {"cwd": tree, "umask": 0o022, **vary(tree)}
    how["env"] = {**os.environ, **how.get("env", {})}
    command = [*how.pop("before", []), sys.executable, "-m", "release", "build", "--into", str(into)]
    done = subprocess.run(command, **how, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: sha256(each).hexdigest() for name, each in contents(into).items()} == {
        name: sha256(each).hexdigest() for name, each in contents(made).items()
    }


@pytest.mark.parametrize("python", PYTHONS)
def test_a_bill_of_materials_keeps_the_schema_and_has_no_clock_and_no_chance_in_it(made: Path, python: str) -> None:
    bill = bill_of(made, python)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", bill["serialNumber"]
    )
    assert sorted(bill["metadata"]) == ["component", "properties"]
    assert bill["metadata"]["properties"] == [{"name": "python", "value": python}]


@pytest.mark.parametrize("python", PYTHONS)
def test_a_bill_of_materials_names_the_archive_and_what_it_requires(made: Path, python: str) -> None:
    bill = bill_of(made, python)
    archive = bill["metadata"]["component"]
    assert (archive["name"], archive["version"]) == (INFO["name"], INFO["version"])
    assert archive["hashes"] == [{"alg": "SHA-256", "content": sha256((made / f"{STEM}.tgz").read_bytes()).hexdigest()}]
    needed = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert needed[INFO["name"]] == sorted(each.name for each in requirements(ROOT / "requirements.txt", {}))


@pytest.fixture(params=PYTHONS)
def fresh(request: pytest.FixtureRequest) -> Environment:
    """An environment with what is locked for a Python."""
    return environment(request.param, f"newest-{request.param}")


def test_a_bill_of_materials_is_what_pip_lists_where_the_locked_set_is_installed(
    made: Path, fresh: Environment
) -> None:
    command = [sys.executable, "-m", "pip", "list", "--path", str(fresh.packages), "--format", "json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    components = bill_of(made, fresh.version)["components"]
    assert {each["name"]: each["version"] for each in components} == {
        canonicalize_name(each["name"]): each["version"] for each in listed
    }


def test_a_bill_of_materials_says_who_needs_whom_as_the_installed_packages_do(made: Path, fresh: Environment) -> None:
    needed = {each["ref"]: each.get("dependsOn", []) for each in bill_of(made, fresh.version)["dependencies"]}
    for name in fresh.pinned():
        everything, found = [name], set()
        while everything:
            if (one := everything.pop()) not in found:
                found.add(one)
                everything += needed[one]
        assert found == fresh.needed(name)


def test_a_licence_is_what_the_installed_package_says(fresh: Environment) -> None:
    installed = distributions(path=[str(fresh.packages)])
    assert {canonicalize_name(each.name): licence(each.metadata) for each in installed} == LICENCES


def test_every_licence_is_a_free_one() -> None:
    free = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "PSF-2.0", "Unlicense"}
    assert {name: each for name, each in LICENCES.items() if each not in free} == {}


def licence(metadata: PackageMetadata) -> str:
    return str(metadata["License-Expression"] or metadata["License"])


def test_a_library_without_a_hash_or_a_licence_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / LOCK.format("3.9")
    lock.parent.mkdir(parents=True)
    lock.write_text("idna==3.20\n    # via requests\n", "ascii")
    with pytest.raises(BuildError, match=r"newest-3\.9\.txt has no hash of idna\. Run make lock\."):
        libraries("3.9", tmp_path)
    monkeypatch.delitem(LICENCES, "idna")
    with pytest.raises(BuildError, match=r"newest-3\.\d+\.txt has idna, whose licence LICENCES in libraries\.py lacks"):
        make_release(tmp_path / "made")


def test_a_signature_stays_while_nothing_has_changed(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    (folder / "SHA256SUMS.sig").write_text("signed")
    make_release(folder)
    assert (folder / "SHA256SUMS.sig").exists()
    (folder / "SHA256SUMS").write_text("of another release")
    make_release(folder)
    assert not (folder / "SHA256SUMS.sig").exists()
