"""The archive that ships: what is in it, that it is the same at every build, and when it refuses to be built."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.fortisoar.archive import read_archive
from release.archive import ROOT, SHIPPED, BuildError, build, shipped_files

NAME = "fortinet-incident-bridge"
MAY_SHIP = re.compile(
    r"info\.json|connector\.py|requirements\.txt|LICENSE|release_notes\.md|(core|clients|operations)/(\w+/)?\w+\.py|images/\w+\.png"
    r"|playbooks/playbooks\.json"
)
MUST_SHIP = ("core/**/*.py", "clients/**/*.py", "operations/**/*.py", "images/**/*.png")


@pytest.fixture(scope="module")
def members(archive: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        return tar.getmembers()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copied(tmp_path / "tree")


def copied(to: Path, order: Callable[[list[Path]], list[Path]] = list) -> Path:
    """Copy the package's files, and what lies beside them in a working copy, in some order."""
    for file in order(shipped_files()):
        target = to / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for beside in (
        "core/__pycache__/errors.cpython-39.pyc",
        "tests/unit/test_x.py",
        "lab/info.json",
        ".git/config",
        "playbooks/sources/x.yaml",
    ):
        (to / beside).parent.mkdir(parents=True, exist_ok=True)
        (to / beside).write_text("not to be shipped")
    return to


def release(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "release", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_everything_lies_in_one_folder_named_like_the_connector(members: list[tarfile.TarInfo], archive: Path) -> None:
    assert {member.name.split("/")[0] for member in members} == {NAME} == {read_archive(archive.read_bytes()).name}


def test_nothing_is_in_it_but_the_package(members: list[tarfile.TarInfo]) -> None:
    paths = [member.name.removeprefix(f"{NAME}/") for member in members]
    assert [path for path in paths if not MAY_SHIP.fullmatch(path)] == []
    assert len(set(paths)) == len(paths)


def test_no_file_of_the_package_is_left_out(members: list[tarfile.TarInfo]) -> None:
    there = {path.relative_to(ROOT).as_posix() for pattern in MUST_SHIP for path in ROOT.glob(pattern)}
    there |= {
        "info.json",
        "connector.py",
        "requirements.txt",
        "LICENSE",
        "release_notes.md",
        "playbooks/playbooks.json",
    }
    assert {member.name.removeprefix(f"{NAME}/") for member in members} == there


def test_its_files_are_those_of_the_working_copy(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            assert content.read() == (ROOT / member.name.removeprefix(f"{NAME}/")).read_bytes()


def test_its_entries_are_plain_files_of_nobody_in_particular(members: list[tarfile.TarInfo]) -> None:
    assert {(m.type, m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {
        (tarfile.REGTYPE, 0o644, 0, 0, "", "", 0)
    }
    assert [member.pax_headers for member in members if member.pax_headers] == []


def test_the_gzip_header_tells_neither_time_nor_file_name(archive: Path) -> None:
    header = archive.read_bytes()[:10]
    assert (header[:3], header[3], header[4:8]) == (b"\x1f\x8b\x08", 0, bytes(4))


def test_the_bytes_are_those_of_every_python(
    archive: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress = gzip.compress

    def as_by_python_3_13(data: bytes, *, mtime: int) -> bytes:
        written = bytearray(compress(data, mtime=mtime))
        written[9] = 3  # Unix, where older ones write 255
        return bytes(written)

    monkeypatch.setattr(gzip, "compress", as_by_python_3_13)
    assert build(tmp_path / "into", tree).read_bytes() == archive.read_bytes()


def test_a_checkout_with_the_line_ends_of_windows_makes_the_same_bytes(
    archive: Path, tree: Path, tmp_path: Path
) -> None:
    for file in tree.rglob("*"):
        if file.suffix in {".py", ".json", ".md", ".txt"} or file.name == "LICENSE":
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert build(tmp_path / "into", tree).read_bytes() == archive.read_bytes()


def test_what_is_hidden_linked_or_unknown_to_git_is_refused_by_its_name(tree: Path, tmp_path: Path) -> None:
    def refused() -> str:
        with pytest.raises(BuildError) as caught:
            build(tmp_path / "into", tree)
        assert not (tmp_path / "into").exists()
        return str(caught.value)

    (tmp_path / "outside.py").write_text("SECRET = 1\n")
    (tree / "operations/link.py").symlink_to(tmp_path / "outside.py")
    assert refused() == "operations/link.py is a link, and what it leads to would be shipped. Remove it."
    (tree / "operations/link.py").unlink()
    (tree / "core/.hidden.py").touch()
    assert refused() == "core/.hidden.py is hidden, and would be shipped. Remove it."
    (tree / "core/.hidden.py").unlink()
    shutil.rmtree(tree / ".git")
    for arguments in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", str(tree), *arguments], check=True)  # noqa: S607 - as the build finds it
    (tree / "operations/local_secrets.py").touch()
    assert refused() == (
        "operations/local_secrets.py would be shipped, but Git does not know it. Add it to Git, or move it away."
    )


def test_all_names_and_texts_are_ascii(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            assert member.name.isascii()
            assert member.name.endswith(".png") or content.read().isascii(), member.name


@pytest.mark.parametrize("name", ["info.json", "connector.py"])
def test_there_is_one_at_any_depth(members: list[tarfile.TarInfo], name: str) -> None:
    assert [member.name for member in members if member.name.split("/")[-1] == name] == [f"{NAME}/{name}"]


def test_the_importer_accepts_it(archive: Path) -> None:
    accepted = read_archive(archive.read_bytes())
    assert archive.name == f"{accepted.name}-{accepted.version}.tgz"
    assert accepted.has(f"images/{accepted.info['icon_small_name']}")


@pytest.fixture
def restored_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("restored_umask")
def test_two_builds_are_the_same_whatever_the_times_the_rights_and_the_order_of_files(tmp_path: Path) -> None:
    os.umask(0o077)
    first = build(tmp_path / "a", copied(tmp_path / "first"))
    os.umask(0o000)
    second_tree = copied(tmp_path / "second", lambda files: files[::-1])
    for number, file in enumerate(sorted(second_tree.rglob("*"))):
        os.utime(file, (number, 1_000_000_000 + number))
        file.chmod(0o777)
    second = build(tmp_path / "b", second_tree)
    assert stat.S_IMODE((tmp_path / "first/info.json").stat().st_mode) == 0o600
    assert first.read_bytes() == second.read_bytes()


def test_the_archive_of_the_working_copy_is_built_from_nothing_else(archive: Path, tree: Path, tmp_path: Path) -> None:
    assert build(tmp_path / "into", tree).read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("pattern", SHIPPED)
def test_a_missing_file_refuses_to_be_built_around(tree: Path, tmp_path: Path, pattern: str) -> None:
    for file in tree.glob(pattern):
        file.unlink()
    with pytest.raises((BuildError, FileNotFoundError), match=re.escape(pattern)):
        build(tmp_path / "into", tree)
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize("name", ["info.json", "connector.py", "requirements.txt", "LICENSE", "operations/health.py"])
def test_a_file_that_is_not_ascii_is_refused_by_its_name(tree: Path, tmp_path: Path, name: str) -> None:
    text = (tree / name).read_text("ascii")
    (tree / name).write_text(
        text.replace("Fortinet", "F\u00f6rtinet") if name == "info.json" else text + "# \u2013\n", "utf-8"
    )
    with pytest.raises(BuildError, match=f"^{re.escape(name)} is not ASCII only"):
        build(tmp_path / "into", tree)
    assert not (tmp_path / "into").exists()


def test_the_build_command_prints_the_path_and_nothing_else(tmp_path: Path, archive: Path) -> None:
    built = release("build", "--into", str(tmp_path / "dist"))
    path = tmp_path / "dist" / archive.name
    assert (built.returncode, built.stdout, built.stderr) == (0, f"{path}\n", "")
    assert path.read_bytes() == archive.read_bytes()


def test_the_build_command_says_in_one_line_why_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    built = release("build", "--into", str(tmp_path / "file"))
    assert (built.returncode, built.stdout) == (1, "")
    assert re.fullmatch(r"Error: .*file.*\n", built.stderr)


def test_help_is_given() -> None:
    told = release("--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert re.search(r"^  build +Build the archive", told.stdout, re.M)
