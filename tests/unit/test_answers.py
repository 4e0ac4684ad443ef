"""What an answer says went wrong, and what it means: for every status, and in linear time."""

from __future__ import annotations

import time

import pytest

from tests.support.package import FORTIMONITOR_URL, PASSWORD, configuration, context, module

answers, errors = module("core.http.answers"), module("core.errors")
READ, WRITE = answers.Request("GET", "/v2/x", False), answers.Request("PUT", "/v2/x", True)


@pytest.fixture
def source():
    return context(configuration(), PASSWORD).fortimonitor._http


def answer(body="", request=READ, status=400, **headers):
    return answers.Answer(
        request, status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode()
    )


@pytest.mark.field_case("K11")
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"message": "No"}', "No"),
        ('{"error": "a <b>bold</b> one"}', "a bold one"),
        ('{"result": {"errors": [{"message": "no such user"}]}}', "no such user"),
        ('{"code": 400, "errors": {"who": ["not valid", "not here"]}}', "code: 400; who: not valid; who: not here"),
        ('{"detail": "nope"}', "detail: nope"),
        ('{"error": {"code": 1, "message": "deep"}}', "code: 1; deep"),
        ('{"fault": {"faultstring": "deep fault"}}', "deep fault"),
        ('["one", {"reason": "two"}]', "one; two"),
        ('{"message": {"text": "nested"}}', "nested"),
        ('{"data": {"error": {"message": "nested"}}}', "nested"),
        ('{"payload": {"cause": {"reason": "nested"}}}', "nested"),
        ('{"problems": [{"field": "who", "reason": "gone"}], "message": null}', "field: who; gone"),
        ('{"response": {"error": {"description": "deep"}}}', "description: deep"),
        ('{"data": [{"incidentTitle": "no reason"}], "total": 1}', "total: 1"),
        ('{"result": {"code": 255, "description": "refused"}}', "refused"),
        (f'{{"error": {"[" * 90}"deep"{"]" * 90}}}', "deep"),
        (
            "<response><error code='255'><description>No such incident</description></error></response>",
            "No such incident",
        ),
        ("<!-- x --><response><error code='255'/></response>", "an XML error"),
        ("plain <error code=5> words", "plain words"),
        ("<html><error code=5>", ""),
        ("[" * 100_000, "[" * 297 + "..."),
        (f"the password {PASSWORD} is wrong", "the password *** is wrong"),
        (f"{'x' * 290} {PASSWORD}", "x" * 290 + " ***"),
    ],
)
def test_an_error_text_is_short_masked_and_without_tags(source, body, text):
    assert answers.error_text(source, answer(body)) == text


@pytest.mark.field_case("W13")
@pytest.mark.parametrize(
    "piece",
    [
        "a....",
        "%41",
        "&amp;",
        "\\\\",
        "a<",
        "<",
        "<error ",
        "<error code ",
        "<error code=1 ",
        "<a b",
        "a ",
        "\t",
        "<!--",
    ],
)
def test_an_error_body_of_400_kilobytes_takes_no_noticeable_time(source, piece):
    began = time.process_time()
    answers.error_text(source, answer(piece * (400_000 // len(piece))))
    assert time.process_time() - began < 5  # what is quadratic takes minutes


def failure_of(source, given):
    with pytest.raises(errors.Failure) as caught:
        answers.checked(source, given, lambda _answer, _text: "Do this.")
    return caught.value


@pytest.mark.field_case("W10")
@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_what_a_gateway_gave_up_on_is_late_for_a_write_and_a_refusal_or_a_failure_for_a_read(source, status):
    late = failure_of(source, answer(request=WRITE, status=status))
    assert (type(late), late.changed, late.request["status"]) == (errors.AnswerLate, "unknown", status)
    assert (
        late.advice
        == "FortiMonitor may still carry it out: wait 5 minutes, and look whether it did before running it again."
    )
    read = failure_of(source, answer(status=status))
    assert (type(read), read.changed, read.advice) == (errors.kind_of_status(status), "no", "Do this.")


@pytest.mark.field_case("W10")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_late_for_a_write_and_changed_nothing_for_a_read(source, status):
    late = failure_of(source, answer(request=WRITE, status=status, Location="https://login.test/"))
    assert (type(late), late.changed) == (errors.AnswerLate, "unknown")
    assert f"{status} to PUT /v2/x, a redirect to https://login.test, which is not followed" in late.happened
    read = failure_of(source, answer(status=status, Location=f"{FORTIMONITOR_URL}/y"))
    assert (type(read), read.changed) == (errors.Redirected, "no")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 422, 429])
def test_a_refusal_changed_nothing_whatever_was_asked(source, status):
    for request in (READ, WRITE):
        refusal = failure_of(source, answer(request=request, status=status))
        assert (type(refusal), refusal.changed) == (errors.kind_of_status(status), "no")


def test_a_proxy_that_wants_credentials_is_named_and_not_the_product():
    proxied = context(
        configuration(proxy="http://proxy.corp.test:3128", proxy_username="svc", proxy_password="Winter2026")
    ).fortimonitor._http
    failure = failure_of(proxied, answer("<html>", request=WRITE, status=407))
    assert str(failure) == (
        "the proxy http://proxy.corp.test:3128 answered 407: it wants a user name and a password. Nothing was changed. "
        "Check Proxy Mode and the fields below it in the configuration."
    )


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/html", "text/html; charset=utf-8", "text/plain"]
)
@pytest.mark.parametrize(
    "body", ['{"a": "<html>"}', '["<!DOCTYPE html>"]', '"<html>"', "0", "null", '\n {"a": "<script>"}']
)
def test_a_body_that_is_json_is_no_web_page_whatever_its_content_type_says(body, content_type):
    given = answer(body, status=200, Content_Type=content_type)
    assert (given.is_html, given.is_success) == (False, True)


@pytest.mark.parametrize("content_type", ["application/json", "text/html", ""])
@pytest.mark.parametrize("request_", [READ, WRITE])
def test_a_page_under_200_is_a_broken_answer(source, content_type, request_):
    broken = failure_of(source, answer("<!-- x -->\n<html>", request_, 200, Content_Type=content_type))
    assert (type(broken), broken.changed) == (errors.AnswerBroken, "unknown" if request_.changes else "no")


def test_an_xml_error_is_none_though_it_is_declared_a_web_page():
    error = answer(
        "<response><error code='255'><description>No</description></error></response>", Content_Type="text/html"
    )
    assert (error.is_html, answers.xml_error(error)) == (False, "No")


@pytest.mark.field_case("S17")
def test_an_object_is_read_and_anything_else_is_broken(source):
    assert answers.json_object(source, answer('{"a": 1}')) == {"a": 1}
    for body in ("", "[]", "1", "{", "[" * 5000):
        with pytest.raises(errors.AnswerBroken, match="without a JSON object") as caught:
            answers.json_object(source, answer(body))
        assert caught.value.changed == "no"
