"""Rules of the files in the package."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from PIL import Image, UnidentifiedImageError

from .package import Package
from .rules import Found, Scope, Severity, rule, shown

TEXTS = {".py", ".json", ".txt", ".md", ".cfg", ".toml", ".yaml", ".yml"}
LEFTOVERS = re.compile(
    r"(^|/)(__pycache__|\.git|\.venv|\.idea|\.vscode|\.pytest_cache|tests?|node_modules|__MACOSX)/"
    r"|\.pyc$|(^|/)(\.DS_Store|Thumbs\.db|\._[^/]*)$|~$|\.(bak|orig|swp)$"
)
Size = tuple[int, int]

ICONS: dict[str, Size] = {"icon_small_name": (32, 32), "icon_large_name": (80, 80)}


@rule("FSR201", "FortiSOAR imports connector.py and nothing else.", "Add it.", Scope.APPLIANCE)
def connector_is_there(package: Package) -> Iterator[Found]:
    """There is a connector.py."""
    if "connector.py" not in package.files:
        yield Found("connector.py")


@rule(
    "FSR202",
    "A module that cannot be parsed stops the connector with its first call.",
    "Mend the syntax.",
    Scope.APPLIANCE,
)
def python_parses(package: Package) -> Iterator[Found]:
    """Every Python file can be parsed."""
    for path, data in sorted(package.files.items()):
        if path.endswith(".py") and path not in package.trees:
            try:
                ast.parse(data, path)
            except SyntaxError as error:
                yield Found(f"{path}:{error.lineno or 1}", shown(error.msg))
            except ValueError as error:
                yield Found(path, shown(str(error)))


@rule(
    "FSR203",
    "Dashes and quotation marks of a word processor have ended as \"'latin-1' codec can't encode character\" on an "
    "appliance; the official checks read info.json with the encoding of the machine.",
    "Write ASCII: - for a dash, ' and \" for quotation marks.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def texts_are_ascii(package: Package) -> Iterator[Found]:
    """Code and JSON are ASCII."""
    for path, data in sorted(package.files.items()):
        if PurePosixPath(path).suffix in {".py", ".json"}:
            line = next((n for n, line in enumerate(data.split(b"\n"), 1) if not line.isascii()), 0)
            if line:
                odd = next(
                    letter for letter in data.split(b"\n")[line - 1].decode("utf-8", "replace") if letter > "\x7f"
                )
                yield Found(f"{path}:{line}", f"U+{ord(odd):04X}")


@rule(
    "FSR204",
    "Caches, tests and editors' files are shipped to every appliance; a module cached for another Python may be used.",
    "Leave them out when packing.",
    Scope.READER,
    Severity.WARNING,
)
def nothing_is_left_over(package: Package) -> Iterator[Found]:
    """There are no leftovers of development."""
    for path in sorted(package.files):
        if LEFTOVERS.search(path):
            yield Found(path, shown(path))


@rule("FSR205", "The tile and the designer show a broken picture.", "Put the file into images/.", Scope.APPLIANCE)
def icons_are_there(package: Package) -> Iterator[Found]:
    """The icons that info.json names are in images/."""
    for key in ICONS:
        name = package.info.get(key)
        if isinstance(name, str) and name and f"images/{name}" not in package.files:
            yield Found(f"info.json, {key}", shown(name), ", ".join(_images(package)) or "no file is there")


@rule("FSR206", "The tile and the designer show a broken picture.", "Save it as PNG, JPEG or SVG.", Scope.APPLIANCE)
def icons_are_pictures(package: Package) -> Iterator[Found]:
    """The icons are pictures."""
    for path, _ in _icons(package):
        if not path.lower().endswith(".svg") and _size(package.files[path]) is None:
            yield Found(path, "no picture")


@rule(
    "FSR207",
    "42 of 46 official connectors have a small icon of 32 x 32, 37 a large one of 80 x 80; FortiSOAR scales others.",
    "Draw it in that size.",
    Scope.READER,
    Severity.WARNING,
)
def icons_have_their_size(package: Package) -> Iterator[Found]:
    """The icons have 32 x 32 and 80 x 80 pixels."""
    for path, wanted in _icons(package):
        found = _size(package.files[path])
        if found not in (None, wanted):
            yield Found(path, "{} x {}".format(*found), "{} x {}".format(*wanted))


@rule(
    "FSR208",
    "All connectors of an appliance share one Python environment: a pinned version takes another connector's away.",
    "Leave the version out, or give a lower limit that is needed.",
    Scope.KIT,
    Severity.WARNING,
)
def requirements_are_not_pinned(package: Package) -> Iterator[Found]:
    """requirements.txt pins no version."""
    for number, line in _requirements(package):
        if re.search(r"(===?|~=|<)", line.partition(";")[0].partition("#")[0]):
            yield Found(f"requirements.txt:{number}", shown(line))


@rule("FSR209", "pip installs none of them if it cannot read one.", "Write it as pip reads it.", Scope.APPLIANCE)
def requirements_can_be_read(package: Package) -> Iterator[Found]:
    """Each line of requirements.txt is a requirement."""
    for number, line in _requirements(package):
        if not line.startswith("-"):
            try:
                Requirement(line.partition(" #")[0])
            except InvalidRequirement:
                yield Found(f"requirements.txt:{number}", shown(line))


@rule(
    "FSR210",
    "The Content Hub shows it, and the documentation takes it over.",
    "Write what is new into release_notes.md.",
    Scope.READER,
    Severity.WARNING,
)
def release_notes_are_there(package: Package) -> Iterator[Found]:
    """There are release notes."""
    if not package.text("release_notes.md").strip():
        yield Found("release_notes.md")


@rule(
    "FSR211",
    "The first info.json that is found is taken for the connector's, wherever it lies.",
    "Keep one.",
    Scope.OFFICIAL,
)
def there_is_one_manifest(package: Package) -> Iterator[Found]:
    """There is one info.json alone."""
    for path in sorted(package.files):
        if path.endswith("/info.json"):
            yield Found(path, shown(path), "info.json")


@rule(
    "FSR212",
    "The samples show what each action takes, and are what people clone.",
    "Export the collection into playbooks/playbooks.json.",
    Scope.READER,
    Severity.WARNING,
)
def playbooks_are_there(package: Package) -> Iterator[Found]:
    """There is a playbooks/playbooks.json."""
    if "playbooks/playbooks.json" not in package.files:
        yield Found("playbooks/playbooks.json")


def _icons(package: Package) -> Iterator[tuple[str, Size]]:
    """Return the icons that are there, and the size that they should have."""
    for key, size in ICONS.items():
        path = f"images/{package.info.get(key)}"
        if path in package.files:
            yield path, size


def _size(data: bytes) -> Size | None:
    """Return the size of a picture; None where it is none that can be read."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            size = picture.size
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return size


def _images(package: Package) -> list[str]:
    return sorted(path.removeprefix("images/") for path in package.files if path.startswith("images/"))


def _requirements(package: Package) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(package.text("requirements.txt").splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()
