"""Whatever a text without HTML holds, it goes out unchanged; whatever one with HTML holds, none of its text is lost."""

from __future__ import annotations

import html
import re

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.examples import examples
from tests.support.package import module

plain = module("core.plain_text")

# What logs hold: signs of HTML in any order, and anything.
PARTS = st.sampled_from(
    [
        "<",
        ">",
        "</",
        "/>",
        "&",
        ";",
        "&lt;",
        "&nbsp;",
        "a",
        "p",
        "br",
        "div",
        "b",
        " ",
        "\n",
        '"',
        "=",
        "10.0.0.1",
        "<p>",
        "</b>",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PARTS, max_size=30).map("".join))
WORDS = st.lists(
    st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8), min_size=1, max_size=6
)
HAS_HTML = re.compile("<br|</(?:blockquote|div|h[1-6]|ol|p|pre|table|ul)", re.I)


@examples(300)
@given(TEXTS.filter(lambda text: not HAS_HTML.search(text)))
@example("a < b")
@example("<10.0.0.1>")
@example("<p>&lt;")
def test_a_text_without_html_is_unchanged(text: str) -> None:
    assert plain.plain_text(text) == text


@examples(300)
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_what_a_rich_text_shows_is_what_goes_out(paragraphs: list[list[str]]) -> None:
    lines = [" ".join(words) for words in paragraphs]
    rich = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    assert plain.plain_text(rich) == "\n".join(lines)


@examples(300)
@given(TEXTS)
def test_any_text_within_html_is_read(text: str) -> None:
    lines = plain.plain_text(f"<p>first</p>{text}<p>last</p>").split("\n")
    assert (lines[0][:5], lines[-1]) == ("first", "last")
