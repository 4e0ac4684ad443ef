"""Is the lock, requirements-dev.txt, complete?

Set-up installs the lock as it stands and resolves nothing, so that nothing changes by the day; in return nobody but
this notices a package that it lacks. ``python -m release.lock`` checks a new .venv: of all that is locked it needs only
packaging.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import distribution, distributions
from pathlib import Path

try:
    from packaging.markers import default_environment
    from packaging.requirements import Requirement
    from packaging.utils import NormalizedName, canonicalize_name
except ImportError:
    sys.exit("requirements-dev.txt does not bring packaging: `make lock` writes it anew from requirements-dev.in.")

ROOT = Path(__file__).resolve().parent.parent
NAMED = "requirements-dev.in"
LOCK = "requirements-dev.txt"

Environment = Mapping[str, str]


def requirements(file: Path, environment: Environment) -> list[Requirement]:
    """Return what a requirements file names for an environment, without its options, hashes and comments."""
    lines = re.findall(r"^\w[^\\#\n]*", file.read_text("utf-8"), re.M)
    return [each for each in map(Requirement, lines) if each.marker is None or each.marker.evaluate(dict(environment))]


def pins(environment: Environment, file: Path = ROOT / LOCK) -> dict[NormalizedName, str]:
    """Return the versions that the lock, or another file in which all are exact, names for an environment."""
    locked = requirements(file, environment)
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in locked}


def gaps(named: list[Requirement], versions: Mapping[NormalizedName, str], environment: Environment) -> set[str]:
    """Return a sentence for each requirement that is not met, those of the extras that are asked for included.

    Parameters:
        named: the requirements to begin with.
        versions: what there is; all of it is installed here, so that its own requirements can be read.
        environment: the values of the environment's markers.
    """
    found = set()
    extras: set[tuple[NormalizedName, str]] = {(name, "") for name in versions}
    waiting = [(NAMED, each) for each in named]
    waiting += [each for name, extra in extras for each in _asked_for(name, extra, environment)]
    while waiting:
        asking, wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name not in versions or not wanted.specifier.contains(versions[name], prereleases=True):
            wanted.marker = None  # it holds here
            found.add(f"{LOCK} does not bring {wanted}, which {asking} needs.")
            continue
        for extra in {(name, each) for each in wanted.extras} - extras:
            extras.add(extra)
            waiting += _asked_for(*extra, environment)
    return found


def _asked_for(name: NormalizedName, extra: str, environment: Environment) -> list[tuple[str, Requirement]]:
    """Return what an installed package, or one of its extras, asks for, each with the name of the one that asks."""
    package = distribution(name)
    asking = f"{name}[{extra}]" if extra else name
    values = {**environment, "extra": extra}
    wanted = map(Requirement, package.requires or [])
    return [(asking, each) for each in wanted if each.marker is None or each.marker.evaluate(values)]


def main() -> None:
    """Check what is installed here; end with a sentence for each requirement that is not met."""
    environment = {name: str(value) for name, value in default_environment().items()}
    versions = {canonicalize_name(each.name): each.version for each in distributions()}
    if found := gaps(requirements(ROOT / NAMED, environment), versions, environment):
        sys.exit("\n".join([*sorted(found), f"`make lock` writes it anew from {NAMED}."]))


if __name__ == "__main__":
    main()
