"""Install the libraries that the connector needs from this folder alone. Run it with the Python to install into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LOCK = "requirements-python{}.txt"
PIP = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet", "install", "--no-index")


def main() -> int:
    """Install what this Python lacks; return the exit code."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    locked = FOLDER / LOCK.format(version)
    if not locked.is_file():
        there = " or ".join(sorted(each.stem.partition("-")[2] for each in FOLDER.glob(LOCK.format("*"))))
        print(f"This is Python {version}, for which there are no libraries here. Run it with {there}.")
        return 1
    wanted = [*PIP, "-r", str(FOLDER / "requirements.txt")]
    if subprocess.run(wanted, check=False, capture_output=True).returncode == 0:
        print("The libraries are there already. Nothing was changed.")
        return 0
    wheels = ["--find-links", str(FOLDER / "wheels"), "--only-binary", ":all:", "--require-hashes", "-r", str(locked)]
    if subprocess.run([*PIP, *wheels], check=False).returncode != 0:
        print("The libraries were not installed: pip says above why.")
        return 1
    print("The libraries are installed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
