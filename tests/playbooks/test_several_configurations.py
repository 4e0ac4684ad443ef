"""Three configurations of the connector in one FortiSOAR: everything runs beside everything else, and nothing strays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings

from tests.support.installed import TAG
from tests.support.several import BRANCH, GLOBEX, MINUTE, QUARTER, Several, several
from tests.support.stories import CLOSE, MIRROR_SIEM, playbook_lab

MINUTES = 60 if settings.get_current_profile_name() == "prove" else 8
PRODUCTS = ("fortisiem", "fortimonitor")
DELETED = "00000000-0000-4000-8000-000000000000"  # a configuration that is no more
NOTHING = "Nothing was changed."


@pytest.mark.timeout(3600)  # make prove takes its time
@pytest.mark.parametrize("world", ["clean", "messy"])
def test_each_configuration_ingests_mirrors_escalates_and_closes_what_it_owns_and_nothing_else(
    archive: Path, tmp_path: Path, figure: Callable[[str], None], world: str
) -> None:
    random = Random(11)  # noqa: S311 - chance, not a secret
    with playbook_lab(archive) as lab, several(lab, tmp_path, world) as three:
        branch = three.owners[BRANCH]
        named = f"{{{{ {{'{branch.siem_at}': '{BRANCH}'}} }}}}"
        with lab.with_values(MIRROR_SIEM, configurations=named), lab.with_values(CLOSE, configurations=named):
            strays = {source_id: lab.alert(source_id, sourcedata=came_by(source_id)) for source_id in said(three)}
            three.until_the_next(QUARTER)
            began = three.now()
            while three.now() < began + timedelta(minutes=MINUTES):
                three.arrive(random)
                three.until_the_next(MINUTE)
                three.work(random)
                three.mistake(random)
            three.until_the_next(QUARTER)  # when all that is scheduled comes once more
            judge(three, strays, figure)


def came_by(source_id: str) -> str | None:
    """Return the source data of an alert that no configuration owns: one says that it came by one that was deleted."""
    return json.dumps({"configuration_id": DELETED}) if source_id.endswith(":4243") else None


def said(three: Several) -> dict[str, str]:
    """Return what an analyst must read on an alert of each incident that no configuration owns, by Source ID."""
    siem, monitor = (three.lab.source_id(1, product).split(":", 1)[1].rpartition(":")[0] for product in PRODUCTS)
    shared = three.owners[GLOBEX].monitor_at
    return {
        "fortisiem:elsewhere.example.com:2": f"Not mirrored from FortiSIEM. / The parameters are not valid: FortiSIEM Incident ID "
        f"'fortisiem:elsewhere.example.com:2' is of FortiSIEM at elsewhere.example.com, and this configuration's FortiSIEM is "
        f"{siem}: choose the configuration that owns it. {NOTHING}{TAG}",
        f"{three.owners[BRANCH].siem_at}:4242": f"Not mirrored from FortiSIEM. / FortiSIEM shows no incident 4242. {NOTHING} "
        f"Check the ID, and that the account sees the incident's organization; else choose the configuration that owns it.{TAG}",
        f"{three.owners[GLOBEX].siem_at}:4243": "Not mirrored from FortiSIEM. / INTEGRATION-12: Could not find a connector "
        f"configuration matching the given configuration id or name {DELETED}{TAG}",
        f"{shared}:4242": f"Not mirrored from FortiMonitor. / The parameters are not valid: FortiMonitor Incident '{shared}:4242' is of "
        f"FortiMonitor at {shared.split(':', 1)[1]}, and this configuration's FortiMonitor is {monitor}: choose the "
        f"configuration that owns it. {NOTHING}{TAG}",
    }


def judge(three: Several, strays: dict[str, str], figure: Callable[[str], None]) -> None:
    """Fail unless each incident has one alert, which its own configuration made and kept in step with it."""
    writes = three.assert_each_write_was_its_owners()
    assert all(writes.values())
    owners = {source_id: owner.config_id for owner in three.owners.values() for source_id in owner.closed()}
    closed = {source_id: over for owner in three.owners.values() for source_id, over in owner.closed().items()}
    # What monitoring began, only monitoring can end: the analyst's alert is closed, and a note says so.
    by_hand = {each for owner in three.owners.values() for each in owner.ended_by_monitoring_alone()}
    by_hand &= three.closed_by_analysts
    alerts = three.lab.alerts()
    assert three.recorded_owners() == owners | {each: DELETED for each in strays if came_by(each)}
    assert {each: row["status"] == "Closed" for each, row in alerts.items()} == {
        each: over or each in by_hand for each, over in (closed | dict.fromkeys(strays, False)).items()
    }
    assert {each: three.lab.notes(address) for each, address in strays.items()} == {
        each: [note] for each, note in said(three).items()
    }
    routed = {each: row["@id"] for each, row in alerts.items() if each not in strays.keys() | by_hand}
    notes = {each: " ".join(three.lab.notes(address)) for each, address in routed.items()}
    assert not {each: note for each, note in notes.items() if "choose the configuration" in note}
    assert three.watermarks() == three.newest()
    figure(
        f"Three configurations for {MINUTES} minutes: {len(owners)} incidents, {len(three.closed_by_analysts)} closed by "
        f"analysts, writes {writes}; nothing strayed"
    )
