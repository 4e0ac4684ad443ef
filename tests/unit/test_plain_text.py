"""Texts of rich text fields on their way to people's phones, and texts that merely hold signs of HTML."""

from __future__ import annotations

import pytest

from tests.support.fortimonitor import REQUIRED, create_body, expect_create, marked
from tests.support.package import ConnectorError, execute, module
from tests.support.pair import expect_siem_update

plain_text = module("core.plain_text").plain_text
RICH_TEXTS = module("operations.parameters").RICH_TEXTS


@pytest.mark.parametrize(
    ("rich", "plain"),
    [
        ("<p>Disk full</p>", "Disk full"),
        ("<p>Disk&nbsp;full</p><p>on <strong>db-01</strong></p>", "Disk full\non db-01"),
        ("<p>a</p>\n<p>b</p>", "a\nb"),
        ("<p>a<br>b<br />c<BR/>d</p>", "a\nb\nc\nd"),
        ("a<br>b", "a\nb"),
        ("<p>a</p><p>&nbsp;</p><p>b</p>", "a\n\nb"),
        ("<ul><li>one</li><li><p>two</p></li></ul><p>three</p>", "- one\n- two\nthree"),
        ('<DIV class="x">Hosts:<ol>\n  <li>a</li>\n  <li>b</li>\n</ol></DIV>', "Hosts:\n- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ('Case: <p>It is <a href="https://x.test/?a=1">here</a></p>', "Case:\nIt is here"),
        ("<p>a &lt;b&gt; &amp;amp; &#8364; &quot;c&quot;</p>", 'a <b> &amp; \u20ac "c"'),
        # What is no tag of a written text stays, within HTML too.
        ("<p>a < b, <10.0.0.1>, <user@example.com>, x<y>z</p>", "a < b, <10.0.0.1>, <user@example.com>, x<y>z"),
        ("<p>GET /?q=<script>alert(1)</script></p>", "GET /?q=<script>alert(1)</script>"),
        ("<p>https://x.test/?a=1&copy=2&lt=3</p>", "https://x.test/?a=1&copy=2&lt=3"),
        ("<p><![if x]> <!-- y --> <?z?> <!DOCTYPE></p>", "<![if x]> <!-- y --> <?z?> <!DOCTYPE>"),
        ("<p>first\n  second</p>", "first\n  second"),
        ("<p>open <b", "<p>open <b"),
        ("<p>a <b</p>", "a <b"),
        ("<p></p>", ""),
        ('<figure class="image"><img src="data:image/png;base64,AAAA"><figcaption>Disk</figcaption></figure>', "Disk"),
        # The body of a mail.
        (
            "<!DOCTYPE html>\n<html><head><title>No subject</title><style>p {color: red}</style>"
            '<meta charset="utf-8"></head><body><!--[if mso]>x<![endif]-->\n<p>Hi<o:p></o:p></p>'
            "<script>go()</script><center>Bye</center></body></html>",
            "Hi\nBye",
        ),
        ("<html><body>a &lt; b <style>kept, since it never ends</body></html>", "a < b kept, since it never ends"),
        ("<HTML>a <10.0.0.1> <!-- kept", "a <10.0.0.1> <!-- kept"),
    ],
)
def test_html_becomes_its_lines(rich, plain):
    assert plain_text(rich) == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a < b and b > c",
        "if a<b then c>d",
        "src=<10.0.0.1> dst=<fe80::1>",
        "From: <user@example.com>",
        "&lt;p&gt; &amp; &nbsp;",
        "  two  blanks\r\n\tand a tab \n",
        "<script>alert(1)</script>",
        "GET /?q=<img src=x onerror=alert(1)>",
        "a 'bold' <b>word</b>",
        "<Event xmlns='x'><System><Level>4</Level></System></Event>",
        "<p> is a tag",
        "</p> too",
        "<p>and</div>",
        "</" * 1000,
        "vector<int> a; template<p>",
        '{"subject": "Invoice", "body": "<p>Pay</p>"}',
        ' [{"body": "<br>"}]',
        "[" * 100_000 + "<br>",
        '<?xml version="1.0"?>\n<Task><P>1</P></Task>',
        "template<html>, html and <htmlx>",
    ],
)
def test_what_is_no_html_stays_as_it_is(text):
    assert plain_text(text) == text


@pytest.mark.parametrize("part", ["<p>", "</p>", "<p ", "<", "<p><", "<!--", "&#", "<p>a</p>", "<br", "<ul><li>"])
def test_the_longest_text_is_read_at_once(part):
    """What goes back again and again would take minutes for this."""
    for begin in ("<br>", "<html>", "<html><style>"):
        plain_text(begin + part * (400_000 // len(part)))


# The actions.


def forms():
    return {
        action["operation"]: {each["name"]: each for each in action["parameters"]}
        for action in module("core.manifest").manifest()["operations"]
    }


def test_each_action_with_such_texts_has_the_choice_as_the_last_of_its_form():
    assert {name for name, form in forms().items() if "text_format" in form} == set(RICH_TEXTS)
    for name, texts in RICH_TEXTS.items():
        form = forms()[name]
        assert set(texts) <= set(form)
        named = form["text_format"]["description"].removeprefix("(Optional) How ").partition(" go")[0]
        assert named == " and ".join(form[text]["title"] for text in texts)
        assert list(form)[-1] == "text_format"
        assert (form["text_format"]["value"], form["text_format"]["options"]) == (
            "Plain Text",
            ["Plain Text", module("operations.parameters").AS_IT_IS],
        )


def test_every_text_of_several_lines_has_the_choice():
    """Those of many incidents have it in each item, and the default for all."""
    texts = {
        (name, field["name"])
        for name, form in forms().items()
        for field in form.values()
        if field["type"] == "textarea" and "items" not in form
    }
    assert texts == {(name, text) for name, texts in RICH_TEXTS.items() for text in texts}


@pytest.mark.parametrize("given", [{}, {"text_format": "Plain Text"}, {"text_format": ""}, {"text_format": None}])
def test_a_description_goes_out_without_html_and_its_marker_stays(http, given, fresh_marker):
    expect_create(http)
    execute("create_custom_incident", {**REQUIRED, "description": "<p>Disk&nbsp;full</p>", **given})


def test_a_text_goes_out_as_it_is_where_that_is_wanted(http, fresh_marker):
    sent = create_body()
    text = "<p>Disk&nbsp;full</p>"
    expect_create(http, {**sent, "description": marked(text, sent["metadata"]["correlation_id"])})
    execute("create_custom_incident", {**REQUIRED, "description": text, "text_format": " As It Is "})


@pytest.mark.parametrize(
    ("action", "params"),
    [("comment_siem_incident", {"comment": "<p>Seen</p>"}), ("update_siem_incident", {"comments": "<p>Seen</p>"})],
)
def test_a_comment_goes_out_without_html(http, action, params):
    expect_siem_update(http, {"comments": "Seen"})
    result = execute(action, {"incident_id": 1, "verify": False, **params})
    assert result["fields"] == {"comments": "Seen"}


def test_what_tags_hide_is_no_way_to_a_marker():
    hidden = "<p>x [correl<b></b>ation_id: /api/3/alerts/1]</p>"
    with pytest.raises(ConnectorError, match="use Correlation ID"):
        execute("create_custom_incident", {**REQUIRED, "description": hidden})


def test_a_required_text_of_which_nothing_is_left_is_missing():
    with pytest.raises(ConnectorError, match=r"Description is required\."):
        execute("create_custom_incident", {**REQUIRED, "description": "<p>&nbsp;</p>"})
