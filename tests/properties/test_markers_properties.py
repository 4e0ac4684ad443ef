"""Whatever ids, descriptions and metadata hold, no marker is found in an incident that does not own it."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.examples import IS_PROOF, examples
from tests.support.fortimonitor import outage
from tests.support.package import module

markers, models = module("clients.fortimonitor.markers"), module("clients.fortimonitor.models")

_LINE = st.characters(exclude_characters="[]\r\n\u2028\u2029", exclude_categories=["Cc", "Cs"])
IDS = st.one_of(
    st.from_regex(r"/api/3/alerts/[0-9a-f]{1,8}", fullmatch=True),
    st.from_regex(r"fortisiem:[a-z]{1,4}(\.test)?(:[0-9]{2,5})?:[0-9]{1,4}", fullmatch=True),
    st.text(st.sampled_from("aB1:/ .-_&;#?<\u00e4\u2460\u200b"), min_size=1, max_size=12),
    st.text(_LINE, min_size=1, max_size=60),
).filter(markers.is_correlation_id)
# What is close to an id, and another one.
NEIGHBOURS: list[Callable[[str], str]] = [
    lambda text: f"{text}1",
    lambda text: f"{text}:1",
    lambda text: f"{text} ",
    lambda text: f" {text}",
    lambda text: f"{text}\u200b",
    lambda text: text[:-1],
    lambda text: text[1:],
    lambda text: text[: len(text) // 2],
    str.upper,
    str.lower,
    str.swapcase,
    lambda text: text.replace(":", ""),
    lambda text: text.replace(" ", "  "),
    lambda text: "".join(text.split()),
    lambda text: text[::-1],
    html.escape,
    html.unescape,
    lambda text: unicodedata.normalize("NFKC", text),
    lambda text: unicodedata.normalize("NFKD", text),
    markers.tag_of,
    lambda text: markers.tag_of(text)[:-1],
    lambda text: f"correlation_id: {text}",
]
# What a text may quote of an id that is not its own.
QUOTES: list[Callable[[str], str]] = [
    str,
    markers.tag_of,
    lambda text: f"[{markers.tag_of(text)}]",
    lambda text: f"[{markers.tag_of(text)}] ",
    lambda text: markers.tag_of(text).upper(),
    lambda text: f"\u200b<{markers.tag_of(text)}>",
    lambda text: "&#102;" + markers.tag_of(text)[1:],
    lambda text: markers.tag_of(text)[:-1],
    lambda text: f"[correlation_id: {text}]",
    lambda text: f"\n[correlation_id: {text}]\n",
    lambda text: f"&#91;correlation_id: {html.escape(text)}&#93;",
    lambda text: f"\uff3bcorrelation_id: {text}\uff3d",
    lambda text: f"[correlation_id: {text}",
    lambda text: markers.marked("Disk full", text),
    lambda text: markers.marked("Disk full", text)[:24],
    lambda text: f"correlation_id: {text}",
]
# What products do to a text that leaves its beginning where it is, and what writes something before it.
KEEPING: list[Callable[[str], str]] = [
    str,
    lambda text: text[:255],
    lambda text: text[:24],
    lambda text: html.escape(text).replace("[", "&#91;").replace("]", "&#93;"),
    lambda text: html.escape(html.escape(text)),
    lambda text: " ".join(text.split()),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: unicodedata.normalize("NFKC", text),
    lambda text: unicodedata.normalize("NFKD", text),
    str.upper,
    str.lower,
    lambda text: text.replace("[", "").replace("]", ""),
    lambda text: text.encode("ascii", "replace").decode(),
    lambda text: "".join(sign for sign in text if ord(sign) < 0x10000),
]
LOSING: list[Callable[[str], str]] = [
    lambda text: f"ALERT: {text}",
    lambda text: f"web-01.example.com: {text}",
    lambda text: f"<p>{text}</p>",
    lambda text: text[1:],
]


def shown(description: str, metadata: dict[str, Any]) -> Any:
    """Return the marker of an incident that is shown so."""
    listed = [{"name": name, "value": value} for name, value in metadata.items()]
    return models.outage_in(outage(-5, "", description=description, metadata=listed)).marker


class Drawn:
    """An id, others that are close to it, and a text that quotes them."""

    def __init__(self, data: st.DataObject) -> None:
        self.own = data.draw(IDS, "own id")
        made = {neighbour(self.own) for neighbour in NEIGHBOURS} | {data.draw(IDS, "another id")}
        self.others = sorted(each for each in made - {self.own} if markers.is_correlation_id(each))
        self.quoted = data.draw(st.lists(st.sampled_from(self.others), min_size=1, max_size=3), "quoted ids")
        quotes = [quote(each) for each in self.quoted for quote in QUOTES]
        parts = st.lists(st.sampled_from(quotes) | st.text(max_size=8), max_size=4)
        self.text: str = data.draw(
            st.tuples(parts, st.sampled_from(["", " ", "\n"])).map(lambda two: two[1].join(two[0]))
        )


@pytest.mark.field_case("W5", "F12", "W8", "W2")
@pytest.mark.timeout(3600)  # make prove takes its time
def test_no_marker_is_found_in_an_incident_that_does_not_own_it(record_property: Callable[[str, object], None]) -> None:
    counts = {"incidents": 0, "markers that are not theirs": 0}

    def judge(description: str, metadata: dict[str, Any], drawn: Drawn) -> Any:
        marker = shown(description, metadata)
        counts["incidents"] += 1
        counts["markers that are not theirs"] += len(drawn.others)
        found = [other for other in drawn.others if marker.is_of(other)]
        assert not found, f"{found[0]!r} in {description!r} with {metadata!r}"
        return marker

    @examples(150, in_prove=6000)
    @given(st.data())
    def property_(data: st.DataObject) -> None:
        drawn = Drawn(data)
        metadata = {"note": drawn.text, drawn.quoted[0]: drawn.quoted[0], "Correlation ID": drawn.quoted[0]}
        appended = "".join(f"\n{name}: {value}" for name, value in metadata.items())
        sent = markers.marked(drawn.text, drawn.own)
        cut = data.draw(st.integers(24, 300), "cut")
        for description in (sent, sent + appended, (sent + appended)[:cut]):
            for listed in ({}, metadata, {**metadata, "correlation_id": drawn.own}):
                change = data.draw(st.sampled_from(KEEPING), "change")
                assert judge(change(description), listed, drawn).is_of(drawn.own)
            lose = data.draw(st.sampled_from(LOSING), "loss")
            judge(lose(description), {}, drawn)
            judge(lose(description)[:cut], {}, drawn)
        again = markers.remarked(drawn.text, shown(sent, {}))
        assert judge(again, metadata, drawn).is_of(drawn.own)
        if markers.written_marker(drawn.text) is None:  # what an analyst may write, and other tools
            for change in (str, data.draw(st.sampled_from(KEEPING))):
                assert not shown(change(drawn.text), metadata)
                judge(change(drawn.text), {**metadata, "correlation_id": drawn.own}, drawn)

    property_()
    record_property("proved", ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    assert counts["incidents"] >= (100_000 if IS_PROOF else 2_000)
