"""Each position of what is not settled about how FortiSOAR runs playbooks and stores their records."""

from __future__ import annotations

from tests.support.playbooks import Row, Soar, set_variables, step

MACROS = "/api/wf/api/dynamic-variable/?format=json"


def update_macro(name: str, value: str) -> Row:
    params = {"macro": name, "value": value}
    return step("Update", "CyopsUtilites", connector="cyops_utilities", operation="updatemacro", params=params)


def test_digits_in_set_variable_are_a_text_or_a_number(soar: Soar) -> None:
    given = set_variables("Set", a="15", b="-3", c="{{ '7' }}", d="1.5", e="1/2", f="")
    negated = set_variables("Use", minutes="{{ -vars.a }}")

    assert "bad operand type for unary -" in soar.failure(given, negated)
    soar.product.switches.set("digits_in_set_variable", "number")
    env = soar.variables(given, negated)
    assert [env[name] for name in "abcdef"] == [15, -3, 7, "1.5", "1/2", ""]
    assert env["minutes"] == -15


def test_an_attribute_of_what_is_undefined_fails_or_is_empty(soar: Soar) -> None:
    asked = set_variables("Use", deep="{{ vars.none.such.name }}", either="{{ vars.none.such or 'x' }}")

    assert "has no attribute 'none'" in soar.failure(asked)
    soar.product.switches.set("undefined_attribute", "empty")
    env = soar.variables(asked)
    assert (env["deep"], env["either"]) == ("", "x")


def test_updatemacro_leaves_an_absent_variable_alone_or_makes_it(soar: Soar) -> None:
    soar.variables(update_macro("Fresh", "1"))
    assert soar.ask("GET", MACROS)["hydra:member"] == []
    soar.product.switches.set("updatemacro_creates", True)
    soar.variables(update_macro("Fresh", "2"))
    soar.variables(update_macro("Fresh", "3"))
    assert [(row["name"], row["value"]) for row in soar.ask("GET", MACROS)["hydra:member"]] == [("Fresh", "3")]


def test_an_upsert_of_a_deleted_record_is_a_conflict_or_restores_it(soar: Soar) -> None:
    alert = {"name": "A", "sourceId": "s"}
    made = soar.ask("POST", "/api/3/alerts", alert, 201)
    soar.ask("DELETE", made["@id"], status=204)

    soar.ask("POST", "/api/3/upsert/alerts", alert, 409)
    soar.product.switches.set("upsert_of_deleted_record", "restore")
    assert soar.ask("POST", "/api/3/upsert/alerts", {**alert, "name": "B"})["@id"] == made["@id"]
    assert [row["name"] for row in soar.ask("GET", "/api/3/alerts")["hydra:member"]] == ["B"]
