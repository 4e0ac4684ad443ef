"""The tour a newcomer sees: the connector's whole life in the lab, every step checked."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from ..errors import LabError
from ..terminal import aside
from .report import Report, Screen
from .target import real_target
from .tour import Tour

WARNING = (
    "This creates and force-resolves an incident in the FortiMonitor, and updates an incident in the FortiSIEM, that "
    "{file} names. Real people may be paged."
)


def run_demo(as_json: bool, archive: Path | None, config: Path | None, agreed: bool) -> bool:
    """Run the tour and show it; return whether every step held.

    Parameters:
        as_json: print one JSON document; otherwise show the steps as they end.
        archive: the connector's archive; None builds it.
        config: a file that names real systems; None uses the lab's.
        agreed: the user accepts that real systems are changed.
    Raises: LabError if the file cannot be used or the user did not agree.
    """
    real = real_target(config) if config else None
    if real:
        aside(WARNING.format(file=config))
        if not agreed:
            raise LabError("Nothing was done. Add --yes to go on.")
    screen = Screen(highlight=False)
    report = Report(Console(quiet=True) if as_json else screen)
    try:
        Tour(report, archive, real).run()
    except LabError as error:
        report.failed(str(error))
    if as_json:
        screen.out(json.dumps(report.as_json(), indent=2))
    else:
        report.show_end()
    return report.error is None
