"""Signing and verifying a release: what holds, what is refused and in which words, and that ssh-keygen agrees."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from release.__main__ import main
from release.archive import ROOT
from release.artefacts import make_release
from release.checksums import NotTrusted, sums
from release.sshsig import public_keys, verify
from tests.support.signing import key_pair

INFO = json.loads((ROOT / "info.json").read_text("ascii"))
ARCHIVE = f"{INFO['name']}-{INFO['version']}.tgz"
BILL = f"{INFO['name']}-{INFO['version']}-python3.9.cdx.json"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
NEEDS_SSH_KEYGEN = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="This machine has no ssh-keygen to compare with (2026-11-28)."
)
# Made by ssh-keygen of OpenSSH 9.2 over the text "abc\n", with sha512 and with sha256.
FOREIGN_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEl40/VBh1NxELz7J82sr6OSKG3z/BqQR7aoKG3UdmZ maker"
BEGINNING = b"""-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgUSXjT9UGHU3EQvPsnzayvo5Iob
fP8GpBHtqgobdR2ZkAAAAEZmlsZQAAAAAAAAAGc2hh"""
FOREIGN = {
    "sha512": BEGINNING
    + b"""NTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAEABdK7d3jaN1XMgBCfcQ9ymloa1L74hNLKhxgoPuq5mtMg1Wj3FP27mMzqJWIswlM
aCh4Mavq5s8dcsM05RfsMP
-----END SSH SIGNATURE-----
""",
    "sha256": BEGINNING
    + b"""MjU2AAAAUwAAAAtzc2gtZWQyNTUx
OQAAAEB4LHbjyEH5t3LlAQGVQJ2YcK6C8bWIdKdcLv2V3jXnLet+GHO6Mdlk/KJ7d6G6e2
pCEzw3gUscx7tbwHfv7EAN
-----END SSH SIGNATURE-----
""",
}


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """Two key pairs."""
    folder = tmp_path_factory.mktemp("keys")
    return [key_pair(folder, number) for number in (1, 2)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    make_release(folder)
    return folder


@pytest.fixture
def unsigned(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "release")


@pytest.fixture
def signed(unsigned: Path, keys: list[tuple[Path, Path]]) -> Path:
    assert run("sign", "--key", keys[0][0], unsigned)[0] == 0
    return unsigned


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_a_release_is_verified_with_its_signer(signed: Path, keys: list[tuple[Path, Path]]) -> None:
    code, told = run("verify", signed, "--signer", keys[0][1])
    files = sorted(file.name for file in signed.iterdir() if file.name not in {SUMS, SIGNATURE})
    assert code == 0
    assert told.splitlines()[:-1] == [f"ok {name}" for name in files]
    assert re.fullmatch(r"Signed by SHA256:[\w+/]{43}, as key-1\.pub wants it\.", told.splitlines()[-1])


def test_the_archive_can_be_named_in_place_of_its_folder(signed: Path, keys: list[tuple[Path, Path]]) -> None:
    (signed / "other.txt").touch()
    code, told = run("verify", signed / ARCHIVE, "--signer", keys[0][1])
    assert (code, "other.txt" in told) == (0, False)
    code, told = run("verify", signed / "other.txt")
    assert (code, told) == (1, "Error: other.txt: SHA256SUMS does not list it.\n")


def test_a_release_without_a_signature_or_a_signer_is_told_apart_from_one_that_is_proved(
    unsigned: Path, keys: list[tuple[Path, Path]]
) -> None:
    code, told = run("verify", unsigned)
    assert (code, told.splitlines()[-1]) == (0, "Not signed: whoever could change a file could change its checksum.")
    assert run("verify", unsigned, "--signer", keys[0][1]) == (1, "Error: SHA256SUMS.sig: it is missing.\n")
    run("sign", "--key", keys[0][0], unsigned)
    code, told = run("verify", unsigned)
    assert code == 0
    assert re.search(r"Signed by SHA256:\S+\. Compare it with the maker's, or name the key with --signer\.\n$", told)


def test_one_changed_byte_in_any_file_is_refused_with_the_files_name(
    signed: Path, keys: list[tuple[Path, Path]]
) -> None:
    for file in sorted(signed.iterdir()):
        content = file.read_bytes()
        for at in (0, len(content) // 2, len(content) - 1):
            file.write_bytes(changed(content, at))
            code, told = run("verify", signed, "--signer", keys[0][1])
            assert code == 1
            assert re.match(
                rf"Error: ({re.escape(file.name)}[: ]|{SIGNATURE} is not of this {re.escape(file.name)}:)", told
            )
        file.write_bytes(content)
    assert run("verify", signed, "--signer", keys[0][1])[0] == 0


def test_every_byte_of_a_signature_counts() -> None:
    for signature in FOREIGN.values():
        for at in range(len(signature)):
            with pytest.raises(NotTrusted, match=SIGNATURE):
                verify(b"abc\n", changed(signature, at))


def test_a_missing_file_is_named_and_one_that_nobody_lists_is_told(signed: Path) -> None:
    (signed / "more.txt").touch()
    assert "Not covered: more.txt\n" in run("verify", signed)[1]
    (signed / ARCHIVE).unlink()
    (signed / BILL).write_text("{}")
    assert run("verify", signed) == (
        1,
        f"Error: {BILL}: it is not the file that SHA256SUMS lists.\n{ARCHIVE}: it is missing.\n",
    )
    (signed / SUMS).unlink()
    assert run("verify", signed) == (1, "Error: SHA256SUMS: it is missing.\n")


def test_another_signer_is_refused_with_the_fingerprint(signed: Path, keys: list[tuple[Path, Path]]) -> None:
    code, told = run("verify", signed, "--signer", keys[1][1])
    assert code == 1
    assert re.fullmatch(
        r"Error: SHA256SUMS\.sig was made by SHA256:\S{43}, a key that key-2\.pub does not have\.\n", told
    )
    both = keys[1][1].with_name("allowed")
    both.write_text("".join(f"{number}@example.com {public.read_text()}" for number, (_, public) in enumerate(keys)))
    assert run("verify", signed, "--signer", both)[0] == 0


def relisted(folder: Path) -> None:
    """Make the checksums right again, as whoever changes a release without a signature would."""
    (folder / SUMS).write_text(sums({file.name: file.read_bytes() for file in folder.iterdir() if file.name != SUMS}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / ARCHIVE).write_bytes(b"another"), "it is of another archive than the one that is"),
        (
            lambda folder: (folder / BILL).write_text("[]"),
            f"{BILL}: it is no bill of materials as the build writes it.",
        ),
        (lambda folder: (folder / BILL).write_text("no JSON"), f"{BILL}: it is no bill of materials as the build"),
        (lambda folder: (folder / "evil-1.0-py3-none-any.whl").touch(), "evil-1.0-py3-none-any.whl: no bill of materi"),
        (
            lambda folder: [file.unlink() for file in folder.glob("*.cdx.json")],
            "SHA256SUMS lists no bill of materials (*.cdx.json).",
        ),
    ],
)
def test_bills_of_materials_must_be_of_what_is_there(
    unsigned: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(unsigned)
    relisted(unsigned)
    code, told = run("verify", unsigned)
    assert code == 1
    assert said in told


@pytest.mark.parametrize("line", ["", "x", f"{'0' * 64}  ../outside", f"{'0' * 64}  /etc/passwd", f"{'0' * 64} *a"])
def test_checksums_in_another_form_are_refused(unsigned: Path, line: str) -> None:
    with (unsigned / SUMS).open("a") as file:
        file.write(f"{line}\n")
    assert run("verify", unsigned) == (1, "Error: SHA256SUMS has another form than the build writes.\n")


def test_what_does_not_hold_is_not_signed(unsigned: Path, keys: list[tuple[Path, Path]]) -> None:
    (unsigned / ARCHIVE).write_bytes(b"another")
    code, told = run("sign", "--key", keys[0][0], unsigned)
    assert (code, told) == (1, f"Error: {ARCHIVE}: it is not the file that SHA256SUMS lists.\n")
    assert not (unsigned / SIGNATURE).exists()


def test_a_key_that_cannot_be_used_is_said_with_how_to_make_one(unsigned: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("nothing")
    assert run("sign", "--key", key, unsigned) == (
        1,
        f"Error: {key} is no private key of OpenSSH. Make one: ssh-keygen -t ed25519 -f KEY\n",
    )
    with pytest.raises(NotTrusted, match=r"^k\.pub has no public key that begins with ssh-ed25519\.$"):
        public_keys(b"ssh-rsa AAAA", "k.pub")


@NEEDS_SSH_KEYGEN
@pytest.mark.parametrize(
    ("kind", "passphrase", "said"),
    [
        ("ecdsa", "", "{} is a key of another kind than Ed25519. Make one: ssh-keygen -t ed25519 -f KEY"),
        (
            "ed25519",
            "a secret",
            "{0} is protected by a passphrase. Sign with ssh-keygen, which makes the same: "
            "ssh-keygen -Y sign -n file -f {0} SHA256SUMS",
        ),
    ],
)
def test_a_key_of_ssh_keygen_that_cannot_be_used_is_said(
    unsigned: Path, tmp_path: Path, kind: str, passphrase: str, said: str
) -> None:
    key = tmp_path / "key"
    ssh_keygen("-q", "-t", kind, "-N", passphrase, "-f", key)
    assert run("sign", "--key", key, unsigned) == (1, f"Error: {said.format(key)}\n")


def ssh_keygen(*arguments: str | Path, given: bytes = b"") -> str:
    command = ["ssh-keygen", *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize("hash_name", FOREIGN)
def test_a_signature_of_ssh_keygen_is_verified(hash_name: str) -> None:
    assert {verify(b"abc\n", FOREIGN[hash_name])} == public_keys(FOREIGN_KEY, "key.pub")
    with pytest.raises(NotTrusted, match=r"^SHA256SUMS\.sig is not of this SHA256SUMS: one of both was changed\.$"):
        verify(b"abd\n", FOREIGN[hash_name])


def test_a_signature_for_another_purpose_is_refused() -> None:
    body = b"".join(FOREIGN["sha512"].splitlines()[1:-1])
    for_git = base64.b64encode(base64.b64decode(body).replace(b"\x04file", b"\x04evil"))
    lines = [for_git[at : at + 70] for at in range(0, len(for_git), 70)]
    text = b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])
    with pytest.raises(NotTrusted, match=r"is no signature as ssh-keygen -Y sign -n file writes it\.$"):
        verify(b"abc\n", text)


@NEEDS_SSH_KEYGEN
def test_ssh_keygen_verifies_our_signature_and_makes_the_same(signed: Path, keys: list[tuple[Path, Path]]) -> None:
    private, public = keys[0]
    allowed = signed / "allowed"
    allowed.write_text(f"release {public.read_text()}")
    told = ssh_keygen(
        *("-Y", "verify", "-f", allowed, "-I", "release", "-n", "file", "-s", signed / SIGNATURE),
        given=(signed / SUMS).read_bytes(),
    )
    assert told.startswith('Good "file" signature for release with ED25519 key SHA256:')
    ours = (signed / SIGNATURE).read_bytes()
    (signed / SIGNATURE).unlink()
    ssh_keygen("-Y", "sign", "-n", "file", "-f", private, signed / SUMS)
    assert (signed / SIGNATURE).read_bytes() == ours


def test_no_private_key_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout  # noqa: S607
    beginning = b"-----BEGIN " + b"OPENSSH PRIVATE KEY"
    files = [ROOT / name.decode() for name in tracked.split(b"\0") if name]
    assert files
    assert [file for file in files if file.is_file() and beginning in file.read_bytes()] == []
