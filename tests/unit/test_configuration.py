"""The configuration: every form FortiSOAR may hand it over in, and every problem by its title, all at once."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trustme

from tests.support import package
from tests.support.package import API_KEY, ConnectorError, configuration, connector, let_go, module, with_token

connector_module = module("connector")
ELSEWHERE = "its user name and password belong in Proxy Username and Proxy Password"
LIKE = "it must look like http://proxy.example.com:3128"
valid = module("core.configuration").valid_configuration


def failure(**changes):
    with pytest.raises(ConnectorError) as caught:
        connector().check_health(configuration(**changes))
    return str(caught.value)


def test_text_in_place_of_numbers_and_booleans_is_read_into_its_type():
    values = valid(
        configuration(
            verify_ssl="TRUE",
            advanced="true",
            connect_timeout="6",
            read_timeout="31 ",
            total_timeout="56",
        )
    )
    assert (values["verify_ssl"], values["advanced"]) == (True, True)
    assert (values["connect_timeout"], values["read_timeout"], values["total_timeout"]) == (6, 31, 56)


@pytest.mark.parametrize("absent", [None, "", "  ", ...])
def test_what_is_left_blank_takes_the_default(absent):
    names = [
        "verify_ssl",
        "connect_timeout",
        "read_timeout",
        "total_timeout",
        "fortimonitor_url",
        "fortimonitor_sign_in",
        "fortisiem_sign_in",
        "proxy_mode",
        "advanced",
    ]
    given = configuration(**dict.fromkeys(names, absent))
    values = valid({key: value for key, value in given.items() if value is not ...})
    assert {name: values[name] for name in names} == {
        "verify_ssl": True,
        "connect_timeout": 5,
        "read_timeout": 30,
        "total_timeout": 55,
        "fortimonitor_url": "https://api2.panopta.com/v2",
        "fortimonitor_sign_in": "API Key",
        "fortisiem_sign_in": "Off",
        "proxy_mode": "System Settings",
        "advanced": False,
    }


def test_a_key_alone_is_a_configuration():
    assert valid({"fortimonitor_api_key": API_KEY}) == {
        "fortimonitor_sign_in": "API Key",
        "fortimonitor_url": "https://api2.panopta.com/v2",
        "fortimonitor_api_key": API_KEY,
        "fortisiem_sign_in": "Off",
        "verify_ssl": True,
        "proxy_mode": "System Settings",
        "advanced": False,
        "connect_timeout": 5,
        "read_timeout": 30,
        "total_timeout": 55,
    }


def test_timeouts_have_their_defaults_where_advanced_is_not_ticked_whatever_is_stored():
    stored = {"connect_timeout": "soon", "read_timeout": 0, "total_timeout": 9, "fortisiem_web_url": "nonsense"}
    values = valid(configuration(advanced=False, **stored))
    assert (values["connect_timeout"], values["read_timeout"], values["total_timeout"]) == (5, 30, 55)
    assert "fortisiem_web_url" not in values


def test_a_proxy_that_is_stored_counts_for_nothing_where_the_systems_settings_are_chosen():
    stored = {"proxy": "nonsense", "proxy_username": "svc", "proxy_password": "Winter2026"}
    values = valid(configuration(**stored, proxy_mode="System Settings"))
    assert not stored.keys() & values.keys()
    assert package.context(values).fortimonitor._http._settings.proxy == ""


def test_a_proxy_of_ones_own_has_to_be_named():
    message = failure(proxy_mode="Own Proxy", proxy="")
    assert message == "The configuration is not valid: Proxy is required. Nothing was changed."


@pytest.mark.parametrize("name", ["fortimonitor_web_url", "fortisiem_web_url"])
@pytest.mark.parametrize(
    "url",
    [
        "https://siem.example.com/phoenix",
        "http://10.1.2.3:8080/",
        "HTTPS://[fd00::5]",
        "https://siem.example.com/phoenix/html/incidents/{id}",
        "https://my.panopta.com/outage/manageIncident?incident_id={id}",
        "https://my.panopta.com/#/outage/{id}?tab=log",
    ],
)
def test_the_address_of_a_products_pages_is_taken_as_it_is(name, url):
    assert valid(configuration(**{name: url}))[name] == url


@pytest.mark.parametrize("name", ["fortimonitor_web_url", "fortisiem_web_url"])
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("siem.example.com", "it must begin with https:// or http://"),
        ("javascript://siem.example.com/%0aalert(1)", "it must begin with https:// or http://"),
        ("https://", "it has no host name"),
        ("siem.example.com/https://", "it must begin with https:// or http://"),
        ("https://ada:Winter2026@siem.example.com", "it must not contain a user name or a password"),
        ("https://siem.example.com/?next=Winter2026", "it must not contain a query or a fragment"),
        ("https://siem.example.com/{id}?next=Winter2026", "it must not contain a query or a fragment"),
        ("https://ada:Winter2026@siem.example.com/?id={id}", "it must not contain a user name or a password"),
        ("https://{id}.example.com/", "its host name has characters that do not belong there"),
        ("https://siem.example.com/{ID}", "{id} is all that may stand in braces"),
        ("https://siem.example.com/{id}}", "{id} is all that may stand in braces"),
        ("https://siem.example.com/?id={id}&a=\u200bb", "it has invisible characters in it"),
    ],
)
def test_what_no_browser_opens_is_no_address_of_a_products_pages(name, url, reason):
    title = {"fortimonitor_web_url": "FortiMonitor Web URL", "fortisiem_web_url": "FortiSIEM Web URL"}[name]
    assert failure(**{name: url}) == (
        f"The configuration is not valid: {title} is not a usable address: {reason}. Nothing was changed."
    )


# What an earlier build saved.

OLD = {
    "fortimonitor_enabled": True,
    "fortimonitor_url": package.FORTIMONITOR_URL,
    "fortimonitor_api_key": API_KEY,
    "fortisiem_enabled": True,
    "fortisiem_server": "fortisiem.test",
    "fortisiem_organization": "super",
    "fortisiem_auth_method": "Username and Password",
    "fortisiem_username": "admin",
    "fortisiem_password": package.PASSWORD,
    "verify_ssl": True,
    "ca_certificate": "",
    "proxy": "",
    "proxy_username": "",
    "proxy_password": "",
    "connect_timeout": 6,
    "read_timeout": 31,
    "total_timeout": 56,
}
TOKEN = {"fortisiem_auth_method": "API Token", "fortisiem_client_id": "client-1", "fortisiem_client_secret": "s-123456"}


@pytest.mark.parametrize(
    ("changes", "now"),
    [
        ({}, {"fortimonitor_sign_in": "API Key", "fortisiem_sign_in": "Username and Password"}),
        ({"fortisiem_auth_method": ""}, {"fortisiem_sign_in": "Username and Password"}),
        (TOKEN, {"fortisiem_sign_in": "API Token", "fortisiem_client_id": "client-1"}),
        ({"fortimonitor_enabled": "true", "fortisiem_enabled": " True "}, {"fortisiem_sign_in": "Username and Password"}),
        ({"fortimonitor_enabled": "false"}, {"fortimonitor_sign_in": "Off"}),
        ({"fortisiem_enabled": False}, {"fortimonitor_sign_in": "API Key", "fortisiem_sign_in": "Off"}),
        ({"fortisiem_enabled": None}, {"fortisiem_sign_in": "Off"}),
        ({"fortimonitor_sign_in": " "}, {"fortimonitor_sign_in": "API Key"}),
        ({}, {"advanced": True, "connect_timeout": 6, "read_timeout": 31, "total_timeout": 56}),
        ({"connect_timeout": "", "total_timeout": None}, {"connect_timeout": 5, "read_timeout": 31}),
        ({}, {"proxy_mode": "System Settings"}),
        ({"proxy": "http://proxy.test:3128", "proxy_username": "svc"}, {"proxy_mode": "Own Proxy", "proxy_username": "svc"}),
        ({"fortisiem_enabled": True, "fortisiem_sign_in": "Off"}, {"fortisiem_sign_in": "Off"}),
        ({"fortimonitor_enabled": False, "fortimonitor_sign_in": "API Key"}, {"fortimonitor_sign_in": "API Key"}),
    ],
)  # fmt: skip
def test_a_configuration_that_an_earlier_build_saved_means_what_it_meant(changes, now):
    values = valid({**OLD, **changes})
    assert {name: values[name] for name in now} == now
    assert not {"fortimonitor_enabled", "fortisiem_enabled", "fortisiem_auth_method"} & values.keys()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"fortisiem_auth_method": "Kerberos"},
            "FortiSIEM Sign-in 'Kerberos' is not one of: Off, Username and Password, API Token",
        ),
        ({"fortimonitor_enabled": "maybe"}, "FortiMonitor Sign-in 'maybe' is not one of: API Key, Off"),
        ({"total_timeout": 601}, "Total Timeout '601' is not between 2 and 600"),
        ({"proxy": "proxy.test"}, f"Proxy is not a usable address: {LIKE}"),
        (
            {"fortimonitor_enabled": False, "fortisiem_enabled": "false"},
            "FortiMonitor Sign-in and FortiSIEM Sign-in are both Off: choose a way to sign in for at least one of them",
        ),
    ],
)
def test_what_was_wrong_in_it_is_named_by_the_titles_of_today(changes, problem):
    with pytest.raises(ConnectorError) as caught:
        connector().check_health({**OLD, **changes})
    assert str(caught.value) == f"The configuration is not valid: {problem}. Nothing was changed."


def test_a_secret_of_a_way_to_sign_in_that_is_not_chosen_is_masked_all_the_same():
    stored = configuration(fortimonitor_sign_in="Off", proxy_mode="System Settings", proxy_password="Proxy-2026")
    with connector_module.translated_failures({**stored, **TOKEN}, "check_health") as redact:
        assert redact(f"{API_KEY} {package.PASSWORD} s-123456 Proxy-2026") == "*** *** *** ***"


def test_fields_of_a_product_that_is_off_and_of_the_other_way_to_sign_in_are_left_out():
    values = valid(with_token(fortimonitor_sign_in="Off", fortimonitor_url="nonsense://"))
    assert not {"fortimonitor_url", "fortimonitor_api_key", "fortisiem_username", "fortisiem_password"} & set(values)
    assert values["fortisiem_client_id"] == "client-1"


def test_what_fortisoar_adds_of_its_own_is_left_out():
    assert not {"config_id", "name", "status"} & set(valid({**configuration(), "status": 1}))


def test_every_problem_is_named_at_once_by_its_title():
    assert failure(
        fortimonitor_url="http://fortimonitor.test/v2",
        fortimonitor_api_key=" ",
        fortisiem_server="",
        verify_ssl="maybe",
        connect_timeout="soon",
        read_timeout=0,
        total_timeout=601,
        proxy="proxy.test",
    ) == (
        "The configuration is not valid: FortiMonitor API Key is required. FortiSIEM Server is required. Verify "
        "SSL 'maybe' is not true or false. Connect Timeout 'soon' is not a whole number. Read Timeout '0' is not between 1 and 300. Total Timeout "
        "'601' is not between 2 and 600. FortiMonitor URL is not a usable address: it must begin with https://; plain http "
        "is allowed for this machine alone. Proxy is not a usable address: it must look like "
        "http://proxy.example.com:3128. Nothing was changed."
    )


def test_both_products_off_is_refused():
    assert failure(fortimonitor_sign_in="Off", fortisiem_sign_in="Off") == (
        "The configuration is not valid: FortiMonitor Sign-in and FortiSIEM Sign-in are both Off: choose a way to sign in "
        "for at least one of them. Nothing was changed."
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("fortimonitor_sign_in", "OAuth", "FortiMonitor Sign-in 'OAuth' is not one of: API Key, Off."),
        ("fortisiem_sign_in", True, "FortiSIEM Sign-in 'true' is not one of: Off, Username and Password, API Token."),
        ("proxy_mode", "None", "Proxy Mode 'None' is not one of: System Settings, Own Proxy."),
        ("advanced", "maybe", "Advanced 'maybe' is not true or false."),
    ],
)
def test_what_cannot_be_chosen_is_named_with_what_can(name, value, sentence):
    assert failure(**{name: value}) == f"The configuration is not valid: {sentence} Nothing was changed."


def test_an_empty_configuration_says_what_is_missing():
    with pytest.raises(ConnectorError) as caught:
        connector().check_health(None)
    assert str(caught.value) == (
        "The configuration is not valid: FortiMonitor API Key is required. Nothing was changed."
    )


@pytest.mark.parametrize("secret", [{"a": API_KEY}, [API_KEY], True])
def test_a_secret_that_is_no_text_is_refused_without_showing_it(secret):
    message = failure(fortimonitor_api_key=secret)
    assert message == "The configuration is not valid: FortiMonitor API Key is not text. Nothing was changed."


@pytest.mark.parametrize("key", ["k\u00e9y-123", "key\n123", "key\x00123"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key):
    message = failure(fortimonitor_api_key=key)
    assert message == (
        "The configuration is not valid: FortiMonitor API Key has characters that cannot stand in a header. Nothing was changed."
    )


@pytest.mark.parametrize("config", [True, 5, "text", ["a"]])
def test_a_configuration_that_is_no_object_is_refused(config):
    with pytest.raises(ConnectorError) as caught:
        connector().check_health(config)
    assert str(caught.value) == (
        "The configuration is not valid: It must be an object of names and values. Nothing was changed."
    )


def test_an_address_with_a_password_is_refused_without_showing_it():
    message = failure(fortimonitor_url="https://user:hunter22@fortimonitor.test/v2")
    assert "hunter22" not in message
    assert "FortiMonitor URL is not a usable address: it must not contain a user name or a password." in message


@pytest.mark.parametrize(
    "pem",
    [
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "\u00e9",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
)
def test_a_ca_certificate_that_is_no_pem_is_refused(pem):
    assert failure(ca_certificate=pem) == (
        "The configuration is not valid: CA Certificate is not PEM text with at least one certificate. Nothing was changed."
    )


def test_a_ca_certificate_in_pem_is_taken_and_is_not_asked_for_when_verification_is_off():
    pem = trustme.CA().cert_pem.bytes().decode()
    assert valid(configuration(ca_certificate=pem))["ca_certificate"] == pem.strip()
    assert "ca_certificate" not in valid(configuration(verify_ssl=False, ca_certificate="hello"))


CA = trustme.CA().cert_pem.bytes().decode().strip()
LINES = CA.splitlines()


@pytest.mark.field_case("F15")
@pytest.mark.parametrize(
    "pem",
    [
        f"# M\u00fcller's own CA\n{CA}",
        f"\ufeff{CA}",
        CA.replace("\n", "\\n"),
        CA.replace("\n", "\\r\\n"),
        CA.replace("\n", " "),
        "".join(LINES),
        "\r\n".join(f"    {line}\t" for line in LINES),
        "\n".join(f"{line}\u200b\u00a0" for line in LINES),
        f"subject=/CN=ca\nissuer=/CN=ca\n{CA}\n\nsubject=/CN=ca\n{CA}",
        "\n".join((LINES[0], *("".join(LINES[1:-1])[at : at + 76] for at in range(0, 2000, 76)), LINES[-1])),
    ],
)
def test_a_ca_certificate_is_taken_however_it_was_pasted(pem):
    context = context_of(configuration(ca_certificate=pem))
    wanted = ssl.PEM_cert_to_DER_cert(CA)
    assert wanted in context.get_ca_certs(binary_form=True)


def context_of(config):
    """Return what a TLS connection of a configuration trusts."""
    settings = package.context(config).fortimonitor._http._settings
    return module("core.http.sessions")._tls_context(settings)


@pytest.mark.field_case("F14", "S11")
@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("http://svc:Winter2026/x@proxy.corp.test:3128", ELSEWHERE),
        ("http://user:p@ss#1Winter2026@host:9", ELSEWHERE),
        ("http://user:Winter2026?@host:9", ELSEWHERE),
        ("http://user:Winter2026\\@host:9", ELSEWHERE),
        ("http://us er:Winter2026@host:9", ELSEWHERE),
        ("http://user:Winter2026%@host:9", ELSEWHERE),
        ("http://user:W\u00efnter2026@host:9", ELSEWHERE),
        ("svc:Winter2026@proxy.corp.test:3128", ELSEWHERE),
        ("socks5://svc:Winter2026@proxy.corp.test:3128", ELSEWHERE),
        ("http://svc:Winter2026@", ELSEWHERE),
        ("http:// Winter2026:3128", LIKE),
        ("http://proxy.test:3128?Winter2026", LIKE),
        ("http://proxy.test\u200b:3128", LIKE),
        ("http://svc:p%40ss%2FWinter2026@proxy.test:3128/", ELSEWHERE),
        ("http://Winter2026@proxy", ELSEWHERE),
        ("http://proxy.test:Winter2026", "its port must be a number from 1 to 65535"),
        ("http://Winter2026<", "its host name has characters that do not belong there"),
        ("http://proxy.test:3128/Winter2026", "it must not have a path"),
    ],
)
def test_an_unusable_proxy_is_refused_without_showing_it(proxy, reason):
    assert failure(proxy=proxy) == (
        f"The configuration is not valid: Proxy is not a usable address: {reason}. Nothing was changed."
    )


@pytest.mark.parametrize(
    "proxy", ["http://proxy.test:3128/", "HTTPS://10.1.2.3", "http://[fd00::5]:80", "http://proxy"]
)
def test_a_usable_proxy_is_taken_as_it_is(proxy):
    assert valid(configuration(proxy=proxy))["proxy"] == proxy


@pytest.mark.field_case("S11")
@pytest.mark.parametrize(
    ("username", "password", "credentials"),
    [
        ("svc", "Winter2026", "svc:Winter2026@"),
        ("CORP\\svc", "p@ss#1/x?:%", "CORP%5Csvc:p%40ss%231%2Fx%3F%3A%25@"),
        ("a:b", " \u00fc ", "a%3Ab:%20%C3%BC%20@"),
        ("token", "", "token@"),
        ("", "", ""),
    ],
)
def test_what_signs_in_to_a_proxy_is_encoded_whatever_it_is(username, password, credentials):
    config = configuration(proxy="http://proxy.test:3128", proxy_username=username, proxy_password=password)
    settings = package.context(config).fortimonitor._http._settings
    assert settings.proxy == f"http://{credentials}proxy.test:3128"


@pytest.mark.field_case("K14")
@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u00a0", "\u2060", "\u200e", "\u202c", "\u00ad", " \u200b\t"])
def test_invisible_characters_around_what_was_pasted_are_left_out(mark):
    names = ("fortimonitor_url", "fortimonitor_api_key", "fortisiem_server", "fortisiem_password", "fortisiem_username")
    clean = configuration()
    pasted = {name: f"{mark}{clean[name]}{mark}" for name in names}
    if mark.strip() != mark or not mark.strip():
        pasted["fortisiem_password"] = clean["fortisiem_password"]  # a blank may belong to a password
    values = valid(configuration(**pasted))
    assert {name: values[name] for name in names} == {name: clean[name] for name in names}


@pytest.mark.field_case("K14")
@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u2060", "\u200e", "\u00ad", "\t", "\n", "\u00a0"])
@pytest.mark.parametrize("url", ["https://fortimonitor{}.test/v2", "https://fortimonitor.test/v{}2"])
def test_an_address_with_an_invisible_character_in_it_is_refused(mark, url):
    message = failure(fortimonitor_url=url.format(mark))
    assert "FortiMonitor URL is not a usable address: it has invisible characters in it." in message


SECRETS: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "fortimonitor_api_key": ("FortiMonitor API Key", configuration),
    "fortisiem_password": ("FortiSIEM Password", configuration),
    "fortisiem_client_secret": ("FortiSIEM Client Secret", with_token),
    "proxy_password": ("Proxy Password", partial(configuration, proxy="http://proxy.test:3128")),
}
USERS: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "fortisiem_username": ("FortiSIEM Username", configuration),
    "fortisiem_client_id": ("FortiSIEM Client ID", with_token),
    "proxy_username": ("Proxy Username", partial(configuration, proxy="http://proxy.test:3128")),
}


@pytest.mark.parametrize("name", SECRETS | USERS)
@pytest.mark.parametrize(
    "unfilled",
    [
        "NULL",
        "null",
        " NULL ",
        "None",
        "{{vault.get('cred', 'password')}}",
        "{{ vars.x }}",
        "x{{vault}}",
        "*",
        "********",
    ],
)
def test_a_secret_or_user_that_nothing_filled_in_is_named_before_anything_is_sent(name, unfilled):
    title, configured = (SECRETS | USERS)[name]
    with pytest.raises(ConnectorError) as caught:
        connector().check_health(configured(**{name: unfilled}))
    assert str(caught.value) == (
        f"The configuration is not valid: {title} is what an expression without a value renders to, or one itself: "
        "enter the value. Nothing was changed."
    )


@pytest.mark.parametrize("name", SECRETS | USERS)
@pytest.mark.parametrize("secret", ["nullable", "NULL1", "{x}", "a*b", "N", "none of these", "}}x{{"])
def test_a_secret_that_only_looks_like_that_is_taken(name, secret):
    assert valid((SECRETS | USERS)[name][1](**{name: secret}))[name] == secret


@pytest.mark.parametrize("password", [" secret", "secret ", "\tsecret\t", "  ", "s\u00a0ecret\u00a0", "secret\u00e4"])
def test_a_password_is_taken_as_it_is_with_the_blanks_around_it(password):
    assert valid(configuration(fortisiem_password=password))["fortisiem_password"] == password


def test_half_of_a_surrogate_pair_in_a_password_is_refused_without_showing_it():
    message = failure(fortisiem_password="Winter\ud8002026")
    assert "FortiSIEM Password is not text that can be sent: it has half of a surrogate pair" in message
    assert "Winter" not in message


@pytest.mark.parametrize(
    "proxy", ["http://x:Winter\ud8002026@h:1", {"a": "http://x:Winter2026@h:1"}, ["http://Winter@h"]]
)
def test_an_address_that_is_no_text_is_refused_without_showing_it(proxy):
    message = failure(proxy=proxy)
    assert message.startswith("The configuration is not valid: Proxy is not text")
    assert "Winter" not in message


def test_a_secret_that_is_given_as_a_number_is_masked():
    with connector_module.translated_failures({"fortimonitor_api_key": 20262027}, "check_health") as redact:
        assert redact("key 20262027") == "key ***"


# Each content is validated once.

configurations, state = module("core.configuration"), module("core.process_state")
kept = state.STATE.configurations
ANOTHER = {
    "fortimonitor_url": "https://other.test/v2",
    "fortimonitor_api_key": "another-key",
    "fortisiem_server": "other.test",
    "fortisiem_organization": "other",
    "fortisiem_username": "other",
    "fortisiem_password": "another-password",
    "verify_ssl": False,
    "ca_certificate": trustme.CA().cert_pem.bytes().decode().strip(),
    "proxy": "http://proxy.test:3128",
    "connect_timeout": 6,
    "read_timeout": 31,
    "total_timeout": 56,
}


@pytest.fixture
def reads(monkeypatch):
    """Return the configurations that were read and not known."""
    let_go()
    seen = []
    original = configurations.read_form

    def read_form(form, given, *rest):
        seen.append(given)
        return original(form, given, *rest)

    monkeypatch.setattr(configurations, "read_form", read_form)
    return seen


def test_a_configuration_that_is_known_is_not_read_again(reads):
    first = valid(configuration())
    assert valid(configuration()) == first
    assert len(reads) == 1


@pytest.mark.parametrize("name", ANOTHER)
def test_two_configurations_that_differ_in_one_value_are_two(reads, name):
    one, other = valid(configuration()), valid(configuration(**{name: ANOTHER[name]}))
    assert other == {**one, name: ANOTHER[name], "proxy_mode": other["proxy_mode"]}
    assert valid(configuration()) == one
    assert len(reads) == 2


@pytest.mark.parametrize(("taken", "refused"), [(1, True), (1, 1.5), ("1", ["1"])])
def test_values_that_python_takes_for_equal_or_that_look_alike_are_not_taken_for_each_other(reads, taken, refused):
    assert valid(configuration(connect_timeout=taken))["connect_timeout"] == 1
    assert "is not a whole number" in failure(connect_timeout=refused)


def test_who_alters_what_came_back_alters_nobody_elses(reads):
    valid(configuration()).update(fortimonitor_api_key="altered", more="added")
    values = valid(configuration())
    assert (values["fortimonitor_api_key"], "more" in values) == (API_KEY, False)


def test_a_configuration_that_is_refused_is_not_kept(reads):
    for _ in range(2):
        failure(total_timeout=1)
    assert len(reads) == 2
    assert not kept._values


def test_what_is_kept_is_bounded_forgotten_with_everything_else_and_has_no_secret_for_its_name(reads):
    for number in range(state.MOST_CONFIGURATIONS + 5):
        valid(configuration(proxy=f"http://proxy-{number}.test"))
    assert len(kept._values) == state.MOST_CONFIGURATIONS
    assert API_KEY not in repr(list(kept._values))
    connector().teardown({})
    assert not kept._values


def test_a_rule_of_the_configuration_is_for_fields_that_it_has():
    titles = module("core.manifest").configuration_form().titles
    assert {name for _, _, names in configurations._rules() for name in names} <= titles.keys()
