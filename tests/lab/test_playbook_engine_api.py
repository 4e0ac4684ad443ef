"""Runs, triggers and schedules of the lab's workflow engine, as clients of the API see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet

from lab.fortisoar import FortiSoar
from lab.fortisoar.playbooks.cron import FIELDS, is_due
from lab.kit.clock import Clock
from tests.support.playbooks import Soar, exported, playbook, set_variables, start, step, workflow_uuid

Row = dict[str, Any]
WF = "/api/wf/api"


def note(content: str) -> Row:
    return step("Note", "InsertData", collection="/api/3/comments", resource={"content": content})


def failing() -> Row:
    return step("Fail", "CyopsUtilites", connector="cyops_utilities", operation="raise_exception", params={"msg": "no"})


def names(page: Row) -> list[str]:
    return [row["name"] for row in page["hydra:member"]]


# Runs.


def test_a_listed_run_has_the_appliances_keys(soar: Soar) -> None:
    soar.load(playbook("P", start(), recordTags=["ingest", "probe"]))
    task_id = soar.trigger("P")

    page = soar.ask("GET", f"{WF}/workflows/?format=json&limit=1&ordering=-modified&parent_wf__isnull=True")

    assert {key: page[key] for key in page if key != "hydra:member"} == {
        "@context": "/wf/api/workflows/context/",
        "hydra:firstPage": "/wf/api/workflows/?limit=1&ordering=-modified&parent_wf__isnull=True",
        "hydra:itemsPerPage": 1,
        "hydra:lastPage": "/wf/api/workflows/?limit=1&ordering=-modified&parent_wf__isnull=True",
        "hydra:nextPage": None,
        "hydra:previousPage": None,
        "hydra:totalItems": 1,
    }
    (row,) = page["hydra:member"]
    number = int(row["@id"].split("/")[-2])
    assert {key: row[key] for key in row if key not in ("created", "modified")} == {
        "@id": f"/wf/api/workflows/{number}/",
        "@type": "Workflow",
        "debug": True,
        "name": "P",
        "node_name": "soar",
        "parent_wf": None,
        "status": "finished",
        "tags": "ingest,probe",
        "task_id": task_id,
        "template_iri": f"/api/3/workflows/{workflow_uuid('P')}",
    }


def test_pages_of_runs_name_their_neighbours(soar: Soar) -> None:
    soar.load(playbook("P", start()))
    for _ in range(4):
        soar.trigger("P")

    page = soar.ask("GET", f"{WF}/workflows/?limit=1&offset=2")

    assert page["hydra:nextPage"] == "/wf/api/workflows/?limit=1&offset=3"
    assert page["hydra:previousPage"] == "/wf/api/workflows/?limit=1&offset=1"
    assert page["hydra:lastPage"] == "/wf/api/workflows/?limit=1&offset=3"
    assert page["hydra:totalItems"] == 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", ["Bad"]),
        ("status=finished", ["Good"]),
        ("tags_include=one,three", ["Good"]),
        ("tags_exclude=one", ["Bad"]),
        (f"template_iri=/api/3/workflows/{workflow_uuid('Bad')}", ["Bad"]),
        ("created_after=2020-11-08&created_before=2020-11-10", []),
        ("created_after=2020-11-08", ["Bad", "Good"]),
        ("ordering=name", ["Bad", "Good"]),
        ("ordering=-name", ["Good", "Bad"]),
        ("search=goo", ["Good"]),
        ("records=/api/3/alerts/1", []),
        ("parent__isnull=False", []),
    ],
)
def test_runs_are_filtered_and_ordered(soar: Soar, query: str, expected: list[str]) -> None:
    soar.load(
        playbook("Good", start(), recordTags=["one", "two"]),
        playbook("Bad", start(), failing()),
    )
    soar.trigger("Good")
    soar.trigger("Bad")

    assert names(soar.ask("GET", f"{WF}/workflows/?format=json&{query}")) == expected


def test_steps_results_are_told_for_verbose_playbooks_and_failed_runs_alone(soar: Soar) -> None:
    soar.load(
        playbook("Quiet", start(), set_variables("Set", x=1), debug=False),
        playbook("Verbose", start(), set_variables("Set", x=1)),
        playbook("Bad", start(), set_variables("Set", x=1), failing(), debug=False),
    )

    quiet, verbose, bad = (soar.runs(soar.trigger(name))[0] for name in ("Quiet", "Verbose", "Bad"))

    assert "result" not in quiet["steps"][1]
    assert quiet["env"] == {}
    assert verbose["steps"][1]["result"] == {"x": 1}
    assert verbose["env"]["x"] == 1
    assert bad["steps"][1]["result"] == {"x": 1}
    assert bad["steps"][2]["status"] == "failed"
    assert bad["result"]["Error message"].endswith("ERROR :: no")


def test_runs_move_into_the_history(soar: Soar) -> None:
    soar.load(playbook("Good", start()), playbook("Bad", start(), failing()))
    soar.trigger("Good")
    soar.trigger("Bad")

    def lists() -> tuple[list[str], list[str]]:
        return (
            names(soar.ask("GET", f"{WF}/workflows/?ordering=name")),
            names(soar.ask("GET", f"{WF}/historical-workflows/?ordering=name")),
        )

    assert lists() == (["Bad", "Good"], [])
    soar.clock.advance(16 * 60)
    assert lists() == (["Bad"], ["Good"])
    soar.clock.advance(45 * 60)
    assert lists() == ([], ["Bad", "Good"])
    assert soar.ask("GET", f"{WF}/workflows/count/?logs=all&format=json") == {"count": 2}
    assert soar.ask("GET", f"{WF}/workflows/count/?logs=recent") == {"count": 0}


def test_logs_are_queried_with_nested_filters(soar: Soar) -> None:
    soar.load(
        playbook("A", start(), recordTags=["test"]),
        playbook("B", start(), failing(), recordTags=["testing"]),
        playbook("C", start()),
    )
    for name in "ABC":
        soar.trigger(name)
    query = {
        "logic": "AND",
        "sort": [{"field": "name", "direction": "desc"}],
        "filters": [
            {
                "logic": "OR",
                "filters": [
                    {"field": "tags", "operator": "contains", "value": "testing"},
                    {"field": "status", "operator": "eq", "value": "finished"},
                ],
            },
            {"field": "name", "operator": "neq", "value": "C"},
        ],
    }

    page = soar.ask("POST", f"{WF}/query/workflow_logs/?logs=all", query)

    assert names(page) == ["B", "A"]
    assert page["hydra:member"][0]["@id"].startswith("/wf/api/query/")


def test_logs_are_counted_in_groups(soar: Soar) -> None:
    soar.load(playbook("A", start()), playbook("B", start(), failing()))
    for name in "AAB":
        soar.trigger(name)

    page = soar.ask("POST", f"{WF}/query/workflow_logs/", {"aggregates": [{"operator": "groupBy", "field": "status"}]})

    assert page["hydra:member"] == [{"status": "failed", "count": 1}, {"status": "finished", "count": 2}]


@pytest.mark.parametrize("bad", [{"field": "colour", "operator": "eq"}, {"field": "name", "operator": "like"}])
def test_a_query_that_is_not_supported_is_refused(soar: Soar, bad: Row) -> None:
    soar.load(playbook("A", start()))
    soar.trigger("A")

    soar.ask("POST", f"{WF}/query/workflow_logs/", {"filters": [bad]}, 400)


def test_runs_before_a_date_are_deleted(soar: Soar) -> None:
    soar.load(playbook("A", start()))
    soar.trigger("A")
    soar.clock.advance(3600)
    now = soar.clock.now().isoformat()
    soar.clock.advance(1)
    soar.trigger("A")

    answer = soar.ask("DELETE", f"{WF}/workflows/delete/?format=json", {"date": now, "exclude_awaiting_wf": True})

    assert answer == {"result": "deleting workflows"}
    assert soar.ask("GET", f"{WF}/workflows/count/?logs=all") == {"count": 1}


def test_a_failed_run_is_retried_at_its_failed_step(soar: Soar) -> None:
    read = step("Read", "InsertData", collection="/api/3/alerts", resource={"name": "A", "sourceId": "s"})
    soar.load(playbook("P", start(), note("once"), read))
    taken = soar.ask("POST", "/api/3/alerts", {"name": "in the way", "sourceId": "s"}, 201)
    (run,) = soar.runs(soar.trigger("P"))
    assert run["status"] == "failed"
    soar.ask("DELETE", f"{taken['@id']}?$hardDelete=true", status=204)

    queued = soar.ask("GET", f"/api{run['@id']}retry/")
    soar.product.playbooks.settle()

    assert queued["result"] == "workflow retry queued"
    (again,) = soar.runs(queued["task_id"])
    assert (again["@id"], again["status"]) == (run["@id"], "finished")
    assert [row["content"] for row in soar.ask("GET", "/api/3/comments")["hydra:member"]] == ["once"]


def test_a_failed_run_is_taken_up_again_and_a_finished_one_is_not(soar: Soar) -> None:
    soar.load(playbook("P", start(), step("Read", "FindRecords", module="{{ globalVars.module }}", query={})))
    (run,) = soar.runs(soar.trigger("P"))
    assert run["status"] == "failed"
    soar.ask("POST", f"{WF}/dynamic-variable/", {"name": "module", "value": "alerts", "default_value": ""}, 201)

    started = soar.ask("POST", f"/api{run['@id']}start/")
    soar.product.playbooks.settle()

    assert started["status"] == "started"
    (again,) = soar.runs(started["task_id"])
    assert (again["@id"], again["status"]) == (run["@id"], "finished")
    assert soar.ask("POST", f"/api{run['@id']}start/", status=400)["message"] == (
        "Only a failed or terminated workflow can be started, and this one is finished."
    )


def test_the_variables_of_a_finished_run_are_kept_if_it_is_verbose_alone(soar: Soar) -> None:
    soar.load(playbook("P", start(), set_variables("Set", x=1)), playbook("Q", start(), debug=False))
    verbose, quiet = (soar.runs(soar.trigger(name))[0] for name in ("P", "Q"))
    states = [soar.product.playbooks.runs.run(int(run["@id"].split("/")[-2])).state for run in (verbose, quiet)]
    assert states[0]["variables"]["x"] == 1
    assert states[1] == {}


def test_the_jinja_editor_renders_with_the_values_it_is_given(soar: Soar) -> None:
    body = {"template": "{{ name | upper }}", "values": {"name": "alert-001"}}

    assert soar.ask("POST", f"{WF}/jinja-editor/", body) == {"result": "ALERT-001"}
    soar.ask("POST", f"{WF}/jinja-editor/", {"template": "{{ 1 | nope }}"}, 400)


# Triggers.


def test_a_playbook_that_is_not_there_is_not_triggered(soar: Soar) -> None:
    soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {}, 404)


def manual(**more: Any) -> Row:
    given = {"input": {"params": [], "records": "{{vars.input.records}}"}}
    start_step = start("cybersponse.action", route="r-1", resources=["alerts"], step_variables=given, **more)
    names_of = "{{ vars.input.records | map(attribute='name') | join(' ') }}"
    return playbook("P", start_step, set_variables("Set", x=names_of), isActive=True)


@pytest.mark.parametrize(("is_single", "expected"), [(False, ["A B"]), (True, ["A", "B"])])
def test_an_action_runs_on_its_records_together_or_one_by_one(soar: Soar, is_single: bool, expected: list[str]) -> None:
    soar.load(manual(singleRecordExecution=is_single))
    alerts = [soar.ask("POST", "/api/3/alerts", {"name": name}, 201)["@id"] for name in "AB"]

    tasks = soar.ask("POST", "/api/triggers/1/action/r-1", {"records": alerts, "__resource": "alerts"})["task_ids"]
    soar.product.playbooks.settle()

    assert [soar.runs(task)[0]["env"]["x"] for task in tasks] == expected
    listed = soar.ask("GET", f"{WF}/workflows/?records={alerts[1]}")["hydra:totalItems"]
    assert listed == 1


def test_an_action_needs_an_active_playbook_and_a_record(soar: Soar) -> None:
    soar.load(manual())
    soar.ask("POST", "/api/triggers/1/action/r-1", {"records": []}, 400)
    soar.ask("POST", "/api/triggers/1/action/r-1", {"records": ["/api/3/alerts/none"]}, 400)
    soar.ask("PUT", f"/api/3/workflows/{workflow_uuid('P')}", {"isActive": False})

    soar.ask("POST", "/api/triggers/1/action/r-1", {"records": []}, 404)


def test_a_playbook_with_an_api_endpoint_gets_the_request(soar: Soar) -> None:
    endpoint = start("cybersponse.api_call", route="hook", authentication_methods=["basic"])
    read = set_variables("Set", x="{{ vars.request.data.a }}", y="{{ vars.request.params.b }}")
    soar.load(playbook("P", endpoint, read, isActive=True))

    now = soar.ask("POST", "/api/triggers/1/hook?b=2", {"a": 1})["task_id"]
    later = soar.ask("POST", "/api/triggers/1/deferred/hook?b=2", {"a": 1}, 202)["task_id"]
    soar.product.playbooks.settle()

    for task in (now, later):
        env = soar.runs(task)[0]["env"]
        assert (env["x"], env["y"]) == (1, "2")


def on_write(kind: str, *filters: Row, logic: str = "AND") -> Row:
    trigger = start(kind, resources=["alerts"], fieldbasedtrigger={"logic": logic, "filters": list(filters)})
    return playbook("P", trigger, note("{{ vars.input.records[0].name }}"), isActive=True)


def comments(soar: Soar) -> list[str]:
    soar.product.playbooks.settle()
    return soar.comments()


def test_a_created_record_starts_the_playbooks_whose_filters_it_passes(soar: Soar) -> None:
    soar.load(on_write("cybersponse.post_create", {"field": "source", "operator": "eq", "value": "FortiSIEM"}))

    soar.ask("POST", "/api/3/alerts", {"name": "A", "source": "FortiSIEM"}, 201)
    soar.ask("POST", "/api/3/alerts", {"name": "B", "source": "Other"}, 201)
    soar.ask("POST", "/api/3/incidents", {"name": "C", "source": "FortiSIEM"}, 201)

    assert comments(soar) == ["A"]


def test_an_inactive_playbook_is_not_started_by_records(soar: Soar) -> None:
    soar.load(on_write("cybersponse.post_create") | {"isActive": False})

    soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)

    assert comments(soar) == []


def test_an_updated_record_starts_the_playbooks_that_wait_for_this_change(soar: Soar) -> None:
    soar.load(on_write("cybersponse.post_update", {"field": "description", "operator": "changed", "value": ""}))
    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)["@id"]

    soar.ask("PUT", alert, {"name": "B"})
    assert comments(soar) == []
    soar.ask("PUT", alert, {"description": "new"})

    assert comments(soar) == ["B"]


def deleted_by(soar: Soar, way: str, alert: Row) -> None:
    """Delete an alert in one of the ways there are."""
    soar.product.switches.set("bulk_with_api_key", "works")
    if way == "one by one":
        soar.ask("DELETE", alert["@id"], status=204)
    elif way == "for good":
        soar.ask("DELETE", f"{alert['@id']}?$hardDelete=true", status=204)
    elif way == "in bulk":
        soar.ask("DELETE", "/api/3/delete/alerts", {"ids": [alert["uuid"]]})
    else:
        query = {"filters": [{"field": "uuid", "operator": "eq", "value": alert["uuid"]}]}
        soar.ask("DELETE", "/api/3/delete-with-query/alerts?$hardDelete=true", query)


WAYS = ["one by one", "for good", "in bulk", "by a query"]


@pytest.mark.parametrize("way", WAYS)
def test_a_deleted_record_starts_the_playbooks_whose_filters_it_passed(soar: Soar, way: str) -> None:
    high = {"field": "severity.itemValue", "operator": "eq", "value": "High"}
    soar.load(on_write("cybersponse.post_delete", high))
    severity = soar.ask("POST", "/api/wf/api/jinja-editor/", {"template": "{{ 'Severity' | picklist('High', '@id') }}"})
    for name, level in (("A", severity["result"]), ("B", None)):
        alert = soar.ask("POST", "/api/3/alerts", {"name": name, "severity": level}, 201)
        deleted_by(soar, way, alert)
    assert comments(soar) == ["A"]

    (row,) = soar.ask("GET", f"{WF}/workflows/")["hydra:member"]
    (record,) = soar.ask("GET", f"/api{row['@id']}")["env"]["input"]["records"]
    assert (record["name"], record["comments"]) == ("A", [])


@pytest.mark.parametrize("position", [True, False])
@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        ("bulk_insert_starts_playbooks", "cybersponse.post_create"),
        ("bulk_delete_starts_playbooks", "cybersponse.post_delete"),
        ("link_starts_playbooks", "cybersponse.post_update"),
    ],
)
def test_whether_writes_in_bulk_and_links_start_playbooks_is_a_switch_each(
    soar: Soar, switch: str, kind: str, position: bool
) -> None:
    soar.product.switches.set("bulk_with_api_key", "works")
    soar.product.switches.set(switch, position)
    soar.load(on_write(kind))

    (alert,) = soar.ask("POST", "/api/3/insert/alerts", {"data": [{"name": "A"}]})["hydra:member"]
    soar.ask("POST", f"{alert['@id']}/assets", {"hostname": "web"}, 201)
    if switch != "link_starts_playbooks":
        soar.ask("DELETE", "/api/3/delete/alerts", {"ids": [alert["uuid"]]})

    soar.product.playbooks.settle()
    assert len(soar.ask("GET", f"{WF}/workflows/")["hydra:member"]) == position


def test_what_is_not_deleted_starts_nothing_and_what_is_in_the_bin_nothing_again(soar: Soar) -> None:
    soar.product.switches.set("bulk_with_api_key", "works")
    soar.load(on_write("cybersponse.post_delete"))
    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)
    soar.ask("DELETE", alert["@id"], status=204)
    assert comments(soar) == ["A"]

    soar.ask("DELETE", alert["@id"], status=404)
    soar.ask("DELETE", f"{alert['@id']}?$hardDelete=true", status=204)
    soar.ask("DELETE", "/api/3/delete/alerts", {"ids": ["none", 5]}, 400)

    assert comments(soar) == ["A"]


def test_a_link_starts_the_playbooks_that_wait_for_this_change(soar: Soar) -> None:
    soar.load(on_write("cybersponse.post_update", {"field": "assets", "operator": "changed", "value": ""}))
    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)
    asset = soar.ask("POST", f"{alert['@id']}/assets", {"name": "host"}, 201)
    assert comments(soar) == ["A"]

    soar.ask("DELETE", f"{alert['@id']}/assets/{asset['uuid']}", status=204)
    assert comments(soar) == ["A", "A"]
    soar.ask("PUT", alert["@id"], {"__link": {"assets": [asset["@id"]]}})
    assert comments(soar) == ["A", "A", "A"]


@pytest.mark.parametrize(
    "odd",
    [
        {"resources": 5},
        {"resources": {"a": 1}},
        {"fieldbasedtrigger": [1]},
        {"fieldbasedtrigger": {"logic": {}, "filters": 5}},
        {"fieldbasedtrigger": {"filters": [5, {"field": {}, "operator": []}]}},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_an_odd_start_holds_up_no_write(soar: Soar, kind: str, odd: Row) -> None:
    trigger = start(f"cybersponse.post_{kind}", **{"resources": ["alerts"], **odd})
    soar.load(playbook("P", trigger, note("x"), isActive=True))

    alert = soar.ask("POST", "/api/3/alerts", {"name": "A"}, 201)
    soar.ask("PUT", alert["@id"], {"name": "B"})
    soar.ask("DELETE", alert["@id"], status=204)

    assert comments(soar) == (["x"] if odd == {"fieldbasedtrigger": [1]} or "logic" in str(odd) else [])


# Schedules.

CRON = {"minute": "7", "hour": "2", "day_of_month": "*", "month_of_year": "*", "day_of_week": "*", "timezone": "UTC"}


def schedule(soar: Soar, **more: Any) -> Row:
    soar.load(playbook("P", start(), note("fired")))
    body = {
        "name": "nightly",
        "crontab": CRON,
        "kwargs": {"wf_iri": f"/api/3/workflows/{workflow_uuid('P')}", "exit_if_running": True},
        **more,
    }
    row: Row = soar.ask("POST", f"{WF}/scheduled/?format=json", body, 201)
    return row


def test_a_schedule_fires_once_when_the_labs_clock_passes_its_minute(soar: Soar) -> None:
    schedule(soar)
    soar.product.playbooks.schedules.look()
    assert comments(soar) == []

    soar.clock.advance(86_400)
    soar.product.playbooks.schedules.look()
    soar.product.playbooks.schedules.look()

    assert comments(soar) == ["fired"]
    (row,) = soar.ask("GET", f"{WF}/scheduled/?format=json")["hydra:member"]
    assert (row["name"], row["total_run_count"]) == ("nightly", 1)


def test_a_disabled_schedule_fires_by_hand_alone(soar: Soar) -> None:
    row = schedule(soar, enabled=False)
    soar.clock.advance(86_400)
    soar.product.playbooks.schedules.look()
    assert comments(soar) == []

    said = soar.ask("POST", f"{WF}/scheduled/trigger-now/", {"id": row["id"]})

    assert said == {"message": "The associated workflow is successfully triggered"}
    assert comments(soar) == ["fired"]


def test_a_schedule_is_changed_and_deleted(soar: Soar) -> None:
    row = schedule(soar)

    assert soar.ask("PUT", f"{WF}/scheduled/{row['id']}/", {**row, "enabled": False})["enabled"] is False
    soar.ask("DELETE", f"{WF}/scheduled/{row['id']}/", status=204)
    assert soar.ask("GET", f"{WF}/scheduled/")["hydra:member"] == []
    soar.ask("GET", f"{WF}/scheduled/{row['id']}/", status=404)


@pytest.mark.parametrize("crontab", [{**CRON, "minute": "60"}, {**CRON, "hour": "x"}, {**CRON, "timezone": "Nowhere"}])
def test_a_crontab_that_cannot_be_is_refused(soar: Soar, crontab: Row) -> None:
    body = {"name": "n", "crontab": crontab, "kwargs": {"wf_iri": "/api/3/workflows/x"}}

    soar.ask("POST", f"{WF}/scheduled/", body, 400)


# Global variables.


def test_global_variables_are_kept_by_name(soar: Soar) -> None:
    path = f"{WF}/dynamic-variable/"
    row = soar.ask("POST", path, {"name": "A", "value": "1"}, 201)
    assert row == {"default_value": "", "id": row["id"], "name": "A", "value": "1"}
    soar.ask("POST", path, {"name": "A", "value": "2"}, 400)
    soar.ask("POST", path, {"value": "2"}, 400)

    assert soar.ask("PUT", f"{path}{row['id']}/", {"name": "A", "value": "2"})["value"] == "2"
    assert names(soar.ask("GET", f"{path}?format=json&name=A")) == ["A"]
    assert names(soar.ask("GET", f"{path}?format=json&name=B")) == []
    soar.ask("DELETE", f"{path}{row['id']}/", status=204)
    soar.ask("DELETE", f"{path}{row['id']}/", status=404)


def test_an_imports_global_variables_do_not_overwrite(soar: Soar) -> None:
    soar.ask("POST", f"{WF}/dynamic-variable/", {"name": "A", "value": "mine"}, 201)

    macros = [{"name": "A", "value": "theirs"}, {"name": "B", "value": "b", "default_value": "c"}]
    soar.ask("POST", "/api/3/workflow_collections", exported(playbook("P", start()), macros=macros), 201)

    rows = soar.ask("GET", f"{WF}/dynamic-variable/")["hydra:member"]
    assert [(row["name"], row["value"]) for row in rows] == [("A", "mine"), ("B", "b")]


def test_a_lab_that_was_stopped_ends_its_runs_and_keeps_those_that_wait(tmp_path: Any) -> None:
    key, clock = Fernet.generate_key(), Clock()
    first = FortiSoar(tmp_path, clock, "csadmin", "pa55", "k3y", key, {}, workers=1)
    try:
        soar = Soar(first, clock)
        wait = step("Wait", "Delay", type="TimeBased", delay={"hours": 1})
        ask = step("Ask", "ManualInput", input={"schema": {"title": "?"}}, response_mapping={"options": []})
        soar.load(playbook("Waits", start(), wait), playbook("Asks", start(), ask))
        soar.trigger("Asks")
        soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('Waits')}", {})
    finally:
        first.close()

    second = FortiSoar(tmp_path, clock, "csadmin", "pa55", "k3y", key, {}, workers=1)
    try:
        soar = Soar(second, clock)
        rows = soar.ask("GET", f"{WF}/workflows/?ordering=name")["hydra:member"]
        assert [(row["name"], row["status"]) for row in rows] == [("Asks", "awaiting"), ("Waits", "terminated")]
        assert soar.runs(soar.trigger("Asks"))[0]["status"] == "awaiting"  # the playbooks are there as well
    finally:
        second.close()


@pytest.mark.parametrize(
    ("crontab", "after", "until", "expected"),
    [
        ("7 2 * * *", "2026-03-01T02:06", "2026-03-01T02:07", True),
        ("7 2 * * *", "2026-03-01T02:07", "2026-03-01T02:30", False),
        ("7 2 * * *", "2026-03-01T03:00", "2026-03-02T02:06", False),
        ("*/15 * * * *", "2026-03-01T00:16", "2026-03-01T00:29", False),
        ("*/15 * * * *", "2026-03-01T00:16", "2026-03-01T00:30", True),
        ("0 0 1 * *", "2026-03-02T00:00", "2026-03-31T23:59", False),
        ("0 0 1 * *", "2026-03-02T00:00", "2026-04-20T12:00", True),
        ("0 9-17 * * 1-5", "2026-03-06T17:00", "2026-03-09T08:59", False),
        ("0 9-17 * * 1-5", "2026-03-06T17:00", "2026-03-09T09:00", True),
        ("30 5 * * 0", "2026-03-06T00:00", "2026-03-08T05:30", True),
        ("0 0 29 2 *", "2026-03-01T00:00", "2027-02-28T00:00", False),
    ],
)
def test_a_crontab_is_due_between_two_times(crontab: str, after: str, until: str, expected: bool) -> None:
    fields = dict(zip((name for name, _, _ in FIELDS), crontab.split(), strict=True))

    assert is_due(fields, datetime.fromisoformat(after), datetime.fromisoformat(until)) is expected


def test_a_crontab_counts_in_its_own_time_zone() -> None:
    fields = {"minute": "0", "hour": "8", "timezone": "Asia/Tokyo"}

    assert is_due(fields, datetime(2026, 3, 1, 22, 59), datetime(2026, 3, 1, 23, 0))
    assert not is_due(fields, datetime(2026, 3, 1, 7, 59), datetime(2026, 3, 1, 8, 0))
