"""Source IDs of alerts in place of ids: read for every action that takes an incident, and never another server's."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.support.package import ROOT, ConnectorError, configuration, context, execute, module

valid = module("operations.parameters").valid_parameters
ACTIONS = json.loads((ROOT / "info.json").read_text())["operations"]
# By the names of the parameters that name an incident: the product, how it is configured here, and an id.
PRODUCTS = {
    "incident_id": ("FortiSIEM", "fortisiem.test", "7"),
    "incident": ("FortiMonitor", "fortimonitor.test", "-7"),
}
OTHER = {"FortiSIEM": "FortiMonitor", "FortiMonitor": "FortiSIEM"}
SAMPLES = {"integer": 1, "text": "1", "textarea": "Handled", "select": "1"}
BOTH_ON_8443 = configuration(
    fortisiem_server="fortisiem.test:8443", fortimonitor_url="https://fortimonitor.test:8443/v2"
)


class Naming(NamedTuple):
    """A parameter that names an incident."""

    operation: str
    name: str
    title: str

    def params(self, value: Any) -> dict[str, Any]:
        """Return the parameters of its action with this value of it, and all others that must be."""
        (action,) = (each for each in ACTIONS if each["operation"] == self.operation)
        required = {
            field["name"]: field.get("options", [SAMPLES.get(field["type"])])[0]
            for field in action["parameters"]
            if field["required"]
        }
        return {**required, self.name: value}

    def source_id(self, server: str | None = None) -> str:
        product, here, number = PRODUCTS[self.name]
        return f"{product.lower()}:{here if server is None else server}:{number}"


NAMINGS = [
    pytest.param(
        Naming(action["operation"], field["name"], field["title"]), id=f"{action['operation']}-{field['name']}"
    )
    for action in ACTIONS
    for field in action["parameters"]
    if field["name"] in PRODUCTS
]
every_naming = pytest.mark.parametrize("naming", NAMINGS)


def failure(operation: str, params: dict[str, Any], config: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConnectorError) as caught:
        execute(operation, params, config)
    return str(caught.value)


def refusal(naming: Naming, source_id: str, server: str, here: str) -> str:
    product = PRODUCTS[naming.name][0]
    return (
        f"The parameters are not valid: {naming.title} '{source_id}' is of {product} at {server}, and this configuration's "
        f"{product} is {here}: choose the configuration that owns it. Nothing was changed."
    )


def read(naming: Naming, value: Any, config: dict[str, Any]) -> Any:
    return valid(naming.operation, naming.params(value), context=context(config))[naming.name]


def test_the_table_has_every_parameter_that_names_an_incident() -> None:
    assert len(NAMINGS) == 23
    titled = {field["name"] for action in ACTIONS for field in action["parameters"] if "Incident" in field["title"]}
    assert titled == PRODUCTS.keys()


@every_naming
@pytest.mark.parametrize(
    "server", ["another.example.com", "another.example.com:8443", "{here}:8443", "x.{here}", "[fd00::5]"]
)
def test_an_incident_of_another_server_is_refused_and_nothing_is_sent(http, naming: Naming, server: str) -> None:
    here = PRODUCTS[naming.name][1]
    server = server.format(here=here)
    source_id = naming.source_id(server)
    assert failure(naming.operation, naming.params(source_id)) == refusal(naming, source_id, server, here)


@every_naming
def test_an_incident_of_the_same_host_on_another_port_is_refused_and_nothing_is_sent(http, naming: Naming) -> None:
    here = PRODUCTS[naming.name][1]
    source_id = naming.source_id(f"{here}:9443")
    expected = refusal(naming, source_id, f"{here}:9443", f"{here}:8443")
    assert failure(naming.operation, naming.params(source_id), BOTH_ON_8443) == expected


@every_naming
def test_an_incident_of_another_product_is_refused_and_nothing_is_sent(http, naming: Naming) -> None:
    product, here, number = PRODUCTS[naming.name]
    source_id = f"{OTHER[product].lower()}:{here}:{number}"
    assert failure(naming.operation, naming.params(source_id)) == (
        f"The parameters are not valid: {naming.title} '{source_id}' is not of {product}: it is the Source ID of an incident "
        "of another product. Nothing was changed."
    )


@every_naming
@pytest.mark.parametrize(
    ("config", "servers"),
    [
        (configuration(), ("{here}", "{here}:443")),
        # Without the port, as Source IDs once were.
        (BOTH_ON_8443, ("{here}:8443", "{here}")),
    ],
    ids=["on 443", "on 8443"],
)
def test_an_incident_of_the_configured_server_is_read_as_its_id(
    naming: Naming, config: dict[str, Any], servers: tuple[str, ...]
) -> None:
    _, here, number = PRODUCTS[naming.name]
    plain = read(naming, number, config)
    assert str(plain) == number
    for server in servers:
        source_id = naming.source_id(server.format(here=here))
        for spelled in (source_id, source_id.upper(), f" {source_id}\n"):
            assert read(naming, spelled, config) == plain


def test_a_server_without_a_name_is_known_by_its_address() -> None:
    config = configuration(fortisiem_server="[FD00::5]:8443")
    naming = Naming("get_siem_incident", "incident_id", "FortiSIEM Incident ID")
    # As ingestion writes them, with the port and without.
    for source_id in ("fortisiem:[fd00::5]:8443:7", "fortisiem:fd00::5:7"):
        assert read(naming, source_id, config) == 7


@pytest.mark.parametrize(
    "text", ["fortisiem:7", "fortisiem::7", "fortisiem:fortisiem.test:", "fortisiem:fortisiem.test:x"]
)
def test_what_only_looks_like_a_source_id_names_no_incident(http, text: str) -> None:
    assert failure("get_siem_incident", {"incident_id": text}) == (
        f"The parameters are not valid: FortiSIEM Incident ID '{text}' is not an ID such as 42, or a Source ID such as "
        "fortisiem:siem.example.com:42. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("operation", "item"),
    [
        ("update_siem_incidents", lambda incident: {"incident_id": incident, "comments": "Seen"}),
        ("force_resolve_incidents", lambda incident: incident),
        ("force_resolve_incidents", lambda incident: {"incident": incident}),
    ],
    ids=["updates", "resolves", "resolves with objects"],
)
def test_items_of_bulk_actions_take_source_ids_of_the_configured_server_alone(http, operation: str, item: Any) -> None:
    name = "incident_id" if operation.startswith("update") else "incident"
    _, here, number = PRODUCTS[name]
    naming = Naming(operation, name, "FortiSIEM Incident ID" if name == "incident_id" else "FortiMonitor Incident")
    foreign = naming.source_id("another.example.com")
    expected = refusal(naming, foreign, "another.example.com", here).replace("valid: ", "valid: Item 2: ")
    assert failure(operation, {"items": [item("1"), item(foreign)]}) == expected
    assert f"Items 1 and 2 are for the same incident {number}." in failure(
        operation, {"items": [item(number), item(naming.source_id())]}
    )


def test_a_source_id_of_a_product_that_is_switched_off_is_refused_as_such(http) -> None:
    config = configuration(fortisiem_sign_in="Off")
    message = failure("get_siem_incident", {"incident_id": "fortisiem:fortisiem.test:7"}, config)
    assert message.startswith("FortiSIEM is switched off in this configuration. Nothing was changed.")


def test_a_foreign_incident_is_told_together_with_all_other_problems(http) -> None:
    message = failure("close_incident", {"incident_id": "fortisiem:a.test:1", "incident": "fortimonitor:b.test:-2"})
    for problem in ("Reason is required.", "is of FortiSIEM at a.test", "is of FortiMonitor at b.test"):
        assert problem in message
