"""The bundle for machines without a network: what is in it, that it verifies and installs, and what it refuses.

Wheels that the test makes stand in a folder, in place of an index: nothing here needs the network.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from release.__main__ import main
from release.archive import ROOT, BuildError, shipped_files
from release.bundle import MACHINES, OWN, make_bundle
from release.libraries import LOCK, PYTHONS
from release.sshsig import private_key
from tests.package.pythons import interpreter
from tests.support.signing import key_pair

PURE = ("jsonschema", "requests", "urllib3")
TAGS = "cp{python}-cp{python}-manylinux_2_17_{machine}.manylinux2014_{machine}"
HAVE_TO_VERIFY = pytest.mark.skipif(
    not all(map(shutil.which, ("sh", "sha256sum", "ssh-keygen"))),
    reason="This machine has no sha256sum or no ssh-keygen, which verify.sh needs (2026-11-28).",
)


def wheel(folder: Path, name: str, tags: str) -> Path:
    """Write a wheel of version 9.0 with one empty module."""
    path = folder / f"{name}-9.0-{tags}.whl"
    own = f"{name}-9.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{own}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.0\n",
        f"{own}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        + "".join(f"Tag: {'-'.join([*tags.split('-')[:2], each])}\n" for each in tags.split("-")[2].split(".")),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
        archive.writestr(zipfile.ZipInfo(f"{own}/RECORD"), "".join(f"{file},,\n" for file in [*files, f"{own}/RECORD"]))
    return path


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels: three of any Python, and one for each Python on each machine."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in PURE:
        wheel(folder, name, "py3-none-any")
    for python in PYTHONS:
        for machine in MACHINES:
            wheel(folder, "rpds_py", TAGS.format(python=python.replace(".", ""), machine=machine))
    return folder


@pytest.fixture(scope="module")
def tree(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose locks name these wheels."""
    tree = tmp_path_factory.mktemp("tree")
    documents = [*ROOT.glob("docs/**/*.md"), ROOT / "CHANGELOG.md"]
    for file in [*shipped_files(), *documents, *(ROOT / "release/bundled" / name for name in OWN)]:
        target = tree / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for python in PYTHONS:
        lock = tree / LOCK.format(python)
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text("".join(pin(name, wheels) for name in (*PURE, "rpds_py")), "ascii")
    return tree


def pin(name: str, wheels: Path) -> str:
    hashes = [sha256(each.read_bytes()).hexdigest() for each in sorted(wheels.glob(f"{name}-*"))]
    needing = "requirements.txt" if name in PURE else "jsonschema"
    lines = [f"{name.replace('_', '-')}==9.0", *(f"    --hash=sha256:{each}" for each in hashes)]
    return " \\\n".join(lines) + f"\n    # via {'-r ' if name in PURE else ''}{needing}\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bundle(tree: Path, wheels: Path, keys: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheels))
        key = private_key(keys[0].read_bytes(), "key")
        return make_bundle(tmp_path_factory.mktemp("bundle"), key, tree)


@pytest.fixture
def unpacked(bundle: Path, tmp_path: Path) -> Path:
    with tarfile.open(bundle) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content
            (tmp_path / "unpacked" / member.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "unpacked" / member.name).write_bytes(content.read())
    (folder,) = (tmp_path / "unpacked").iterdir()
    return folder


def names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_bundle_holds_everything_that_is_needed_and_nothing_else(unpacked: Path, wheels: Path, archive: Path) -> None:
    stem = archive.stem
    found = names(unpacked)
    documents = {name for name in found if name.startswith("docs/")}
    assert unpacked.name == f"{stem}-bundle"
    assert found - documents == {
        *("CHANGELOG.md", "LICENSE", "README.md", "SHA256SUMS", "SHA256SUMS.sig", "install.py", "verify.sh"),
        *("requirements.txt", "requirements-python3.12.txt", "requirements-python3.9.txt"),
        *(archive.name, f"{stem}-python3.12.cdx.json", f"{stem}-python3.9.cdx.json"),
        *(f"wheels/{each.name}" for each in wheels.iterdir()),
    }
    assert {"docs/README.md", "docs/actions/create_custom_incident.md"} <= documents
    assert (unpacked / archive.name).read_bytes() == archive.read_bytes()


def test_the_readme_of_a_bundle_names_what_is_there(unpacked: Path) -> None:
    text = (unpacked / "README.md").read_text("utf-8")
    links = [urlsplit(link).path for link in re.findall(r"\]\(([^)]+)\)", text)]
    commands = re.findall(r"(?:sh|python) (\S+\.(?:sh|py))", text)
    assert links
    assert sorted(commands) == ["install.py", "verify.sh"]
    assert [name for name in [*links, *commands] if not (unpacked / name).is_file()] == []


def test_a_bundle_of_the_same_wheels_has_the_same_bytes_in_whatever_order_they_come(
    bundle: Path, tree: Path, wheels: Path, keys: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copied(_python: str, _machine: str, _lock: Path, into: Path) -> None:
        for each in sorted(wheels.iterdir(), reverse=True):
            shutil.copyfile(each, into / each.name)

    monkeypatch.setattr("release.bundle._download", copied)
    again = make_bundle(tmp_path, private_key(keys[0].read_bytes(), "key"), tree)
    assert again.read_bytes() == bundle.read_bytes()


def test_a_bundle_is_verified_packed_and_unpacked(bundle: Path, unpacked: Path, keys: tuple[Path, Path]) -> None:
    for place in (bundle, unpacked):
        result = CliRunner().invoke(main, ["verify", str(place), "--signer", str(keys[1])])
        *files, signed = result.output.splitlines()
        assert result.exit_code == 0
        assert set(files) == {f"ok {name}" for name in names(unpacked) - {"SHA256SUMS", "SHA256SUMS.sig"}}
        assert signed.endswith("as key-1.pub wants it.")


def test_one_changed_byte_in_any_file_of_a_bundle_is_refused_with_the_files_name(
    unpacked: Path, bundle: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    spoilt = tmp_path / bundle.name
    tried = names(unpacked) - {name for name in names(unpacked) if name.startswith("docs/actions/")}
    for name in sorted(tried):
        with tarfile.open(bundle) as archive, tarfile.open(spoilt, "w:gz", compresslevel=1) as other:
            for member in archive:
                content = archive.extractfile(member)
                assert content
                data = bytearray(content.read())
                if member.name == f"{unpacked.name}/{name}":
                    data[len(data) // 2] ^= 1
                other.addfile(member, io.BytesIO(data))
        result = CliRunner().invoke(main, ["verify", str(spoilt), "--signer", str(keys[1])])
        assert result.exit_code == 1
        assert re.match(
            rf"Error: ({re.escape(name)}[: ]|SHA256SUMS\.sig is not of this {re.escape(name)}:)", result.output
        )


def test_a_bundle_that_is_cut_short_is_said_in_one_line(bundle: Path, tmp_path: Path) -> None:
    cut = tmp_path / bundle.name
    cut.write_bytes(bundle.read_bytes()[:5000])
    result = CliRunner().invoke(main, ["verify", str(cut)])
    assert result.exit_code == 1
    assert re.fullmatch(
        rf"Error: {re.escape(bundle.name)}: The file is not a complete gzip-compressed tar archive: .+\n", result.output
    )


def shell(unpacked: Path, *arguments: Path) -> tuple[int, str]:
    """Run verify.sh from another folder."""
    command = ["sh", f"{unpacked.name}/verify.sh", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=unpacked.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


@HAVE_TO_VERIFY
def test_the_command_inside_verifies_with_what_a_machine_has(unpacked: Path, keys: tuple[Path, Path]) -> None:
    for arguments, by in (((), ""), ((keys[1],), " for release")):
        code, told = shell(unpacked, *arguments)
        assert code == 0
        assert re.fullmatch(
            rf'Good "file" signature{by} with ED25519 key SHA256:\S+\nEvery file is what SHA256SUMS says\.\n', told
        )
    (unpacked / "install.py").write_text("print('evil')")
    code, told = shell(unpacked, keys[1])
    assert (code, "install.py: FAILED" in told, "Every file" in told) == (1, True, False)


@HAVE_TO_VERIFY
def test_the_command_inside_refuses_another_signer_and_other_checksums(
    unpacked: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    assert shell(unpacked, key_pair(tmp_path, 2)[1])[0] != 0
    sums = unpacked / "SHA256SUMS"
    sums.write_text("".join(sums.read_text().splitlines(keepends=True)[1:]))
    for arguments in ((), (keys[1],)):
        code, told = shell(unpacked, *arguments)
        assert (code != 0, "Every file" in told) == (True, False)


@pytest.mark.parametrize("version", PYTHONS)
def test_the_command_inside_installs_from_the_folder_alone(unpacked: Path, version: str, tmp_path: Path) -> None:
    python = environment_of(version, tmp_path)
    assert install(python, unpacked) == (0, "The libraries are installed.\n")
    (packages,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    assert {each.name for each in packages.glob("*.dist-info")} == {
        f"{name}-9.0.dist-info" for name in (*PURE, "rpds_py")
    }
    shutil.rmtree(unpacked / "wheels")
    assert install(python, unpacked) == (0, "The libraries are there already. Nothing was changed.\n")


def test_the_command_inside_installs_no_wheel_that_was_changed(unpacked: Path, wheels: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(unpacked / "wheels/requests-9.0-py3-none-any.whl", "a") as changed:
        changed.writestr("evil.py", "")
    code, told = install(environment_of("3.12", tmp_path), unpacked)
    assert code == 1
    assert "DO NOT MATCH THE HASHES" in told
    assert told.endswith("The libraries were not installed: pip says above why.\n")
    assert not list((tmp_path / "environment").glob("lib/python*/site-packages/*.dist-info"))


def test_the_command_inside_says_for_which_pythons_it_is(unpacked: Path) -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if here == "3.12":
        (unpacked / "requirements-python3.12.txt").rename(unpacked / "requirements-python3.11.txt")
    assert re.fullmatch(
        rf"This is Python {here}, for which there are no libraries here\. "
        r"Run it with python3\.1[12] or python3\.9\.\n",
        install(Path(sys.executable), unpacked)[1],
    )


def environment_of(version: str, folder: Path) -> Path:
    """Return the Python of a new virtual environment, in which the pip of its base is used as it lies there.

    To install one in each takes longer than all else. Skips the test if this machine has no such Python.
    """
    base = interpreter(version)
    if base is None:
        pytest.skip(f"Python {version} is neither on the PATH nor installed by pyenv (2026-11-28).")
    subprocess.run([base, "-m", "venv", "--without-pip", folder / "environment"], check=True)
    where = subprocess.run(
        [base, "-c", "import pip; print(pip.__path__[0])"], capture_output=True, text=True, check=True
    )
    (packages,) = (folder / "environment").glob("lib/python*/site-packages")
    (packages / "pip").symlink_to(where.stdout.strip())
    return folder / "environment/bin/python"


def install(python: Path, unpacked: Path) -> tuple[int, str]:
    """Run install.py where the settings of pip's own would lead elsewhere."""
    done = subprocess.run(
        [python, unpacked / "install.py"],
        env={**os.environ, "PIP_INDEX_URL": "https://127.0.0.1:9"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_wheels_that_cannot_be_downloaded_are_said_in_one_sentence(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BuildError) as caught:
        make_bundle(tmp_path / "made", None, tree)
    assert str(caught.value) == (
        "The wheels for Python 3.9 on x86_64 could not be downloaded. This needs the network, or pip's settings "
        "PIP_NO_INDEX and PIP_FIND_LINKS for a folder that has them. "
        "pip says: No matching distribution found for jsonschema==9.0"
    )
    assert not (tmp_path / "made").exists()


def test_the_bundle_command_says_in_one_line_why_it_cannot(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("nothing")
    result = CliRunner().invoke(main, ["bundle", "--key", str(key)])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert result.output.startswith(f"Error: {key} is no private key of OpenSSH.")
