"""The check of the package's layers: what it notices."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from release.archive import ROOT, shipped_files
from release.checks import check_layers


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package, with the checks' rules."""
    for file in [*shipped_files(), ROOT / "pyproject.toml"]:
        target = tmp_path / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return tmp_path


def test_the_package_keeps_its_layers(copy: Path) -> None:
    assert check_layers(copy) == 0


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("core/planted.py", "from ..operations import results", "core is not allowed to import"),
        ("clients/planted.py", "from .. import connector", "clients is not allowed to import"),
        ("operations/planted.py", "import lab.kit.store", "is not allowed to import lab"),
        ("operations/planted.py", "import core.times", "is not allowed to import core"),
        ("connector.py", "from tests.support import package", "is not allowed to import tests"),
    ],
)
def test_an_import_that_goes_up_or_out_is_named(
    copy: Path, capfd: pytest.CaptureFixture[str], path: str, line: str, said: str
) -> None:
    (copy / path).write_text(f"{line}\n", "ascii")
    assert check_layers(copy) == 1
    assert said in " ".join(capfd.readouterr().out.split())
