"""Playbooks that would take all the time or memory there is: their step fails in words, and the lab goes on."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab.fortisoar.playbooks.templates import bounds, patterns
from tests.support.mutations import archive_of
from tests.support.playbooks import Soar, playbook, running_soar, set_variables, start, step, workflow_uuid
from tests.support.shapes import INFO

TOO_LARGE = "a value of it would be too large"
FORMAT = "a width or precision of a format is too large, or given by an argument"


def failure(soar: Soar, template: str) -> str:
    answer = soar.ask("POST", "/api/wf/api/jinja-editor/", {"template": template, "values": {"big": "x" * 10**6}}, 400)
    words: str = answer["message"]
    return words


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ 10 ** 100000000 }}", TOO_LARGE),
        ("{{ 10 ** (10 ** 10) }}", TOO_LARGE),
        ("{{ 'x' * 10 ** 10 }}", TOO_LARGE),
        ("{{ 10 ** 10 * [0] }}", TOO_LARGE),
        ("{% set n = namespace(x=7) %}{% for i in range(40) %}{% set n.x = n.x * n.x %}{% endfor %}", TOO_LARGE),
        ("{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x + n.x %}{% endfor %}", TOO_LARGE),
        ("{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x ~ n.x %}{% endfor %}", TOO_LARGE),
        (
            "{% set n = namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
            TOO_LARGE,
        ),
        ("{% for i in range(1000) %}{{ big }}{% endfor %}", TOO_LARGE),
        ("{{ range(20) | list | permutations }}", TOO_LARGE),
        ("{{ range(100) | combinations(50) }}", TOO_LARGE),
        ("{{ range(1000) | product(range(1000), repeat=3) }}", TOO_LARGE),
        ("{{ 'x'.ljust(10 ** 10) }}", TOO_LARGE),
        ("{{ 'x' | center(10 ** 10) }}", TOO_LARGE),
        ("{{ 'x' | indent(10 ** 10, first=true) }}", TOO_LARGE),
        ("{{ [1] | batch(10 ** 10, 0) | list }}", TOO_LARGE),
        ("{{ big | replace('x', big) }}", TOO_LARGE),
        ("{{ big.replace('x', big) }}", TOO_LARGE),
        ("{{ ([big] * 1000) | join }}", TOO_LARGE),
        ("{{ '%1000000000d' % 1 }}", FORMAT),
        ("{{ '%*d' % (1000000000, 1) }}", FORMAT),
        ("{{ '%1000000000d' | format(1) }}", FORMAT),
        ("{{ '{:1000000000}'.format(1) }}", FORMAT),
        ("{{ '{:{}}'.format(1, 1000000000) }}", FORMAT),
    ],
)
def test_a_template_that_would_make_something_too_large_is_refused(soar: Soar, template: str, words: str) -> None:
    assert failure(soar, template).endswith(words)


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("{{ 2 ** 64 }}", 2**64),
        ("{{ 'ab' * 3 }}", "ababab"),
        ("{{ '%05.1f' % 2.5 }}", "002.5"),
        ("{{ '{:>5}'.format('a') }}", "    a"),
        ("{{ 'a' ~ 1 ~ none }}", "a1None"),
        ("{{ range(4) | permutations(2) | list | length }}", 12),
        (
            "{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ',' }}{% endfor %}",
            "1/2,2/2",
        ),
        ("{% for k, v in {'a': 1}.items() if v %}{{ k }}{{ v }}{% else %}none{% endfor %}", "a1"),
        ("{% for x in nothing %}{{ x }}{% else %}none{% endfor %}", "none"),
        ("{% for x in [1, [2]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "12"),
        ("{{ ['a', 'b'] | join(', ') | replace('a', 'c') | center(8) }}", "  c, b  "),
    ],
)
def test_what_playbooks_do_stays_as_it_is(soar: Soar, template: str, result: Any) -> None:
    assert soar.ask("POST", "/api/wf/api/jinja-editor/", {"template": template, "values": {}})["result"] == result


LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    "template", [LOOPS, "{% macro m() %}{% for a in range(9999) %}{{ n() }}{% endfor %}{% endmacro %}"
                 "{% macro n() %}{% for a in range(99999) %}{% endfor %}{% endmacro %}{{ m() }}"],
)  # fmt: skip
def test_a_template_has_so_much_time(soar: Soar, monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    monkeypatch.setattr(bounds, "LONGEST", 0.3)
    assert failure(soar, template).endswith("it takes longer than 0.3 s")


@pytest.mark.parametrize(
    "use", ["regex_search('(a+)+$')", "regex_replace('(a|a)*$', '')", "regex_findall('(a?){40}a{40}$')"]
)
def test_a_regular_expression_has_so_much_time_and_the_next_one_works(
    soar: Soar, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    monkeypatch.setattr(patterns, "LONGEST", 0.5)
    assert failure(soar, f"{{{{ ('a' * 40 ~ 'b') | {use} }}}}").endswith("takes longer than 0.5 s")
    monkeypatch.undo()
    body = {"template": "{{ 'key: a, b' | regex_search('(\\\\w+): (.*)', '\\\\2', '\\\\1') }}", "values": {}}
    assert soar.ask("POST", "/api/wf/api/jinja-editor/", body)["result"] == ["a, b", "key"]


@pytest.mark.parametrize(
    "endless",
    [
        step("Again", "SetVariable", x=1, do_until={"condition": "{{ false }}", "retries": 10**12, "delay": 0}),
        step("Loop", "SetVariable", x="{{ vars.item }}", for_each={"item": "{{ range(99999) | list }}"}),
        set_variables("Ranges", x=LOOPS),
        step("Wait", "Delay", delay={"days": 999}),
    ],
    ids=lambda one: str(one["name"]),
)
def test_a_run_without_an_end_does_not_hold_a_reset_up(soar: Soar, endless: dict[str, Any]) -> None:
    soar.load(playbook("P", start(), endless))
    soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {})
    resetting = threading.Thread(target=soar.product.reset, daemon=True)
    resetting.start()
    resetting.join(15)
    assert not resetting.is_alive()
    assert soar.ask("GET", "/api/wf/api/workflows/")["hydra:member"] == []


SLEEPER = b"""import time

from connectors.core.connector import Connector


class Sleeper(Connector):
    def execute(self, config, operation, params, **kwargs):
        open("{began}", "w").close()
        time.sleep(600)

    def check_health(self, config):
        return True
"""


def hanging(soar: Soar, folder: Path) -> None:
    """Run a playbook until its step hangs inside a connector's action."""
    began = folder / "began"
    info = {**INFO, "configuration": {}, "operations": [{"operation": "go", "title": "Go", "parameters": []}]}
    content = archive_of(info, "odd", **{"connector.py": SLEEPER.replace(b"{began}", str(began).encode())})
    soar.http.post("/api/3/solutionpacks/install?$type=connector", files={"file": ("odd.tgz", content)})
    body = {"connector": 1, "name": "Main", "config": {}, "default": True}
    soar.ask("POST", "/api/integration/configuration/", body, 201)
    action = step("Act", "Connectors", connector="odd", version="1.0.0", operation="go", config="''", params={})
    soar.load(playbook("P", start(), action))
    soar.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid('P')}", {})
    while not began.exists():
        time.sleep(0.05)


def test_an_action_that_hangs_holds_up_neither_a_reset_nor_the_end_of_the_lab(tmp_path: Path) -> None:
    lab = ExitStack()
    soar = lab.enter_context(running_soar(tmp_path / "soar"))
    for end in (soar.product.reset, lab.close):
        hanging(soar, tmp_path)
        ending = threading.Thread(target=end, daemon=True)
        ending.start()
        ending.join(60)  # an action may take 180 s
        assert not ending.is_alive()
        (tmp_path / "began").unlink()
