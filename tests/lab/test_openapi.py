"""The lab's OpenAPI documents: valid, whole, and true."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Route

from lab.openapi import described
from lab.openapi.document import KNOWN

METHODS = {"get", "put", "post", "delete"}


def document_of(lab: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = lab.control.ask("GET", f"/openapi/{name}.json")
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


@pytest.mark.parametrize("name", KNOWN)
def test_a_document_keeps_the_rules_of_openapi(lab: Any, name: str) -> None:
    document = document_of(lab, name)
    assert document["openapi"] == "3.1.0"
    assert re.fullmatch(r"https?://127\.0\.0\.1:[0-9]+", document["servers"][0]["url"])
    assert set().union(*document["security"]) == set(document["components"]["securitySchemes"])
    templates = [re.sub(r"\{[^}]*\}", "{}", path) for path in document["paths"]]
    assert len(set(templates)) == len(templates)
    found = operations(document)
    assert len({one["operationId"] for _, _, one in found}) == len(found) > 15
    for path, method, one in found:
        assert method in METHODS
        parameters = {(each["in"], each["name"]) for each in one["parameters"]}
        assert len(parameters) == len(one["parameters"])
        assert {name for place, name in parameters if place == "path"} == set(re.findall(r"\{([^}]*)\}", path))
        assert all(each["required"] for each in one["parameters"] if each["in"] == "path")
        for schema in schemas(one):
            Draft202012Validator.check_schema(schema)
            assert all(Draft202012Validator(schema).is_valid(example) for example in schema["examples"])


def schemas(operation: dict[str, Any]) -> list[dict[str, Any]]:
    content = operation.get("requestBody", {"content": {}})["content"]
    return [each["schema"] for each in (*operation["parameters"], *content.values()) if "schema" in each]


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_of_requests_is_known_of_routes_that_there_are(lab: Any, name: str) -> None:
    served = {one["operationId"] for _, _, one in operations(document_of(lab, name))}
    assert KNOWN[name].requests.keys() - served == set()


def test_whatever_a_document_names_is_served_and_nothing_else(lab: Any) -> None:
    named = {one["operationId"] for _, _, one in operations(document_of(lab, "control"))}
    assert named == set(lab.control.ask("GET", "/")["requests"])


def test_paths_that_differ_in_the_names_of_their_parameters_alone_are_one() -> None:
    routes = [
        Route("/things/{number:int}", lambda request: None, methods=["GET"]),
        Route("/things/{name}", lambda request: None, methods=["GET", "DELETE"]),
    ]
    paths = described("control", Starlette(routes=routes), "http://127.0.0.1")["paths"]
    assert {path: sorted(methods) for path, methods in paths.items()} == {"/things/{number}": ["delete", "get"]}


def test_there_is_no_document_of_what_is_no_product(lab: Any) -> None:
    with pytest.raises(AssertionError, match="There is no product 'fortigate'"):
        lab.control.ask("GET", "/openapi/fortigate.json")
