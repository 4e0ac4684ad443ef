"""A release for machines without a network: everything that is needed, in one archive with one folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .archive import ROOT, BuildError, tracked, write_archive
from .artefacts import make_release
from .checksums import SUMS, sums
from .libraries import LOCK, PYTHONS
from .sshsig import SIGNATURE, sign
from .verify import BUNDLE

MACHINES = ("x86_64", "aarch64")
GLIBC = ("_2_28", "_2_17", "2014")  # tags of wheels that run on Red Hat 8 and whatever is newer
OWN = ("README.md", "install.py", "verify.sh")
TAKEN_ALONG = ("requirements.txt", "LICENSE", "CHANGELOG.md", "docs/**/*.md")


def make_bundle(folder: Path, key: Ed25519PrivateKey | None = None, root: Path = ROOT) -> Path:
    """Write the bundle into a folder and return its path; with a key, it is signed.

    pip downloads the wheels; all it takes are those whose hashes are locked. Raises BuildError where it cannot.
    """
    with TemporaryDirectory() as place:
        made = make_release(Path(place), root)
        files = {each.name: each.read_bytes() for each in made if each.name != SUMS}
    with TemporaryDirectory() as place:
        for python in PYTHONS:
            lock = root / LOCK.format(python)
            files[f"requirements-python{python}.txt"] = lock.read_bytes()
            for machine in MACHINES:
                _download(python, machine, lock, Path(place))
        files.update({f"wheels/{each.name}": each.read_bytes() for each in Path(place).iterdir()})
    files.update({name: (root / "release/bundled" / name).read_bytes() for name in OWN})
    taken = {file.relative_to(root).as_posix(): file for pattern in TAKEN_ALONG for file in root.glob(pattern)}
    known = tracked(root) or taken.keys()
    files.update({name: file.read_bytes() for name, file in taken.items() if name in known})
    files[SUMS] = sums(files).encode()
    if key is not None:
        files[SIGNATURE] = sign(files[SUMS], key)
    name = f"{made[0].stem}{BUNDLE}"
    return write_archive(folder / name, name.removesuffix(".tgz"), files)


def _download(python: str, machine: str, lock: Path, into: Path) -> None:
    """Download the wheels of a lock for a Python on a machine."""
    platforms = [f"--platform=manylinux{glibc}_{machine}" for glibc in GLIBC]
    target = ("--implementation", "cp", "--python-version", python, *platforms, "--dest", str(into))
    options = ("--quiet", "--disable-pip-version-check", "--retries", "1", "--no-deps", "--only-binary", ":all:")
    command = [sys.executable, "-m", "pip", "download", *options, "--require-hashes", *target, "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        why = said[-1].removeprefix("ERROR:").strip() if said else "pip says nothing more."
        raise BuildError(
            f"The wheels for Python {python} on {machine} could not be downloaded. This needs the network, or pip's "
            f"settings PIP_NO_INDEX and PIP_FIND_LINKS for a folder that has them. pip says: {why}"
        )
