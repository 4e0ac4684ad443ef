"""The marker of a custom incident: it survives what products do to a text, and nothing that anybody writes carries one."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.fortimonitor import outage
from tests.support.package import module

markers, models, texts = (
    module(name) for name in ("clients.fortimonitor.markers", "clients.fortimonitor.models", "core.texts")
)
OURS, OTHER = "MINE-1", "OTHER-9"
TAG = markers.tag_of(OTHER)

IDS = st.text(
    st.characters(exclude_characters="[]\r\n\u2028\u2029", exclude_categories=["Cc", "Cs"]), max_size=200
).filter(lambda text: text.strip() == text != "")
# Texts that are close to a marker, besides any others.
PARTS = st.sampled_from(
    [
        "[correlation_id: ",
        "]",
        "\n",
        TAG,
        f"[{TAG}] ",
        "&#91;",
        "\uff3b",
        "fsr",
        " ",
        "?",
        "\u200b",
        "&amp;",
        OTHER,
        OURS,
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PARTS | st.text(max_size=8), max_size=12).map("".join))
METADATA = st.dictionaries(TEXTS, TEXTS | st.integers() | st.none() | st.booleans(), max_size=4)
CHANGES = {
    "as it is": lambda text: text,
    "cut at 255": lambda text: text[:255],
    "cut at 24": lambda text: text[:24],
    "escaped": lambda text: html.escape(text).replace("[", "&#91;").replace("]", "&#93;"),
    "escaped three times": lambda text: html.escape(html.escape(html.escape(text))),
    "folded": lambda text: " ".join(text.split()),
    "composed": lambda text: unicodedata.normalize("NFKC", text),
    "decomposed": lambda text: unicodedata.normalize("NFKD", text),
    "in capitals": str.upper,
    "in small letters": str.lower,
    "without brackets": lambda text: text.replace("[", "").replace("]", ""),
    "without what is not ASCII": lambda text: text.encode("ascii", "replace").decode(),
    "all of it": lambda text: html.escape(" ".join(unicodedata.normalize("NFKC", text).split())).upper()[:255],
}
CHANGED = st.sampled_from(list(CHANGES))


def shown(description, metadata=()):
    """Return the marker of an outage that is shown with such a description and metadata."""
    listed = [{"name": name, "value": value} for name, value in dict(metadata).items()]
    return models.outage_in(outage(-5, "", description=description, metadata=listed)).marker


# What survives.


@pytest.mark.field_case("F12", "W5")
@given(change=CHANGED, correlation_id=IDS, description=TEXTS, other=IDS)
@example(
    change="all of it", correlation_id="case?a=1&b=2", description="<b>\U0001f600 \u2460 " * 40, other="case?a=1&b=3"
)
@example(change="cut at 255", correlation_id="/api/3/alerts/12", description="x" * 300, other="/api/3/alerts/1")
def test_the_marker_is_found_whatever_a_product_does_to_the_text_and_is_of_no_other_id(
    change, correlation_id, description, other
):
    assume(other != correlation_id)
    marker = shown(CHANGES[change](markers.marked(description, correlation_id)))
    assert marker.is_of(correlation_id)
    assert not marker.is_of(other)
    assert marker.correlation_id in (None, correlation_id)


@given(correlation_id=IDS, before=TEXTS, after=TEXTS)
def test_a_new_description_carries_the_marker_of_the_one_before(correlation_id, before, after):
    first = shown(markers.marked(before, correlation_id))
    second = shown(markers.remarked(after, first))
    assert first.is_of(correlation_id)
    assert second.is_of(correlation_id)


@pytest.mark.parametrize(
    "description", ["Disk full", "(db) down", ": x", "-1", "[a] b", "two\nlines", "\u00fc", "fsr", "", "a\n[b: c]"]
)
def test_what_an_incident_says_besides_its_marker_is_what_was_written(description):
    assert markers.without_marker(markers.marked(description, OURS)) == description


# What nobody can write.


@pytest.mark.field_case("W5")
@given(description=TEXTS, metadata=METADATA)
@example(description="Disk full", metadata={"note": f"see [correlation_id: {OTHER}]"})
@example(description=f"Disk full\n[correlation_id: {OTHER}]", metadata={})
@example(description=f"[{TAG}] Disk full", metadata={})
def test_an_incident_of_ours_is_no_other_events_whatever_is_in_it(description, metadata):
    """Descriptions made of a product's rows are refused nothing, and some products put the metadata behind them."""
    sent = markers.marked(description, OURS)
    appended = "".join(f"\n{name}: {value}" for name, value in metadata.items())
    for text in (sent, sent + appended, (sent + appended)[:255]):
        for listed in ({}, {**metadata, "correlation_id": OURS}, metadata):
            marker = shown(text, listed)
            assert marker.is_of(OURS)
            assert not marker.is_of(OTHER)


@pytest.mark.field_case("W5")
@given(change=CHANGED, description=TEXTS, cut=st.integers(0, 300))
@example(change="as it is", description=f"{' ' * 177}{TAG}a", cut=200)
@example(change="as it is", description=f"{TAG}zzz", cut=19)
@example(change="as it is", description=f"f?s\u200br{TAG[3:]}", cut=300)
@example(change="as it is", description=f"&#102;{TAG[1:]}", cut=300)
@example(change="as it is", description=f"x\n&#91;correlation_id: {OTHER}&#93;", cut=300)
@example(change="as it is", description=f"x\n\uff3bcorrelation_id\uff1a {OTHER}\uff3d", cut=300)
def test_a_description_that_is_not_refused_carries_no_marker(change, description, cut):
    assume(markers.written_marker(description) is None)
    assert not shown(CHANGES[change](description))
    assert not shown(description[:cut])


WRITTEN = [
    ("a [correlation_id: b]", "[correlation_id:"),
    ("a [Correlation_ID : b]", "[Correlation_ID :"),
    ("&#91;correlation_id: b]", "[correlation_id:"),
    ("&amp;lsqb;correlation_id: b]", "[correlation_id:"),
    ("[corr?elation_id: b]", "[correlation_id:"),
    (f"[{TAG}] Disk", f"[{TAG}"),
    (TAG, TAG),
    (f"{TAG.upper()}x", TAG.upper()),
    (f"\n \u200b<<{TAG}>>", f"<<{TAG}"),
]


@pytest.mark.parametrize(("text", "found"), WRITTEN)
def test_what_could_be_taken_for_a_marker_is_quoted(text, found):
    assert markers.written_marker(text) == found


@pytest.mark.parametrize(
    "text", ["", "Disk full", "fsr", f"see {TAG}", TAG[:-1], "correlation_id: b", "(correlation_id: b)"]
)
def test_what_only_speaks_of_markers_is_none(text):
    assert markers.written_marker(text) is None


# Incidents that other tools made.


@pytest.mark.parametrize(
    ("description", "metadata", "correlation_id"),
    [
        ("Disk full", {"correlation_id": "x"}, "x"),
        ("Disk full\n[correlation_id: y]", {"correlation_id": "x"}, "x"),
        ("Disk full\n[correlation_id: y]", {}, "y"),
        ("Disk full\n[correlation_id: y]  \n", {}, "y"),
        ("Disk full\n&#91;correlation_id: y&#93;", {}, "y"),
        ("[correlation_id: z]\n[correlation_id: y]", {}, "y"),
        ("[correlation_id: y] and more", {}, None),
        ("Disk full\n[correlation_id: y]\ncorrelation_id: y", {}, "y"),
        ("Disk full\n[correlation_id: y]\nowner: SOC\ncorrelation_id: y\nalert: 42\n", {}, "y"),
        ("Disk full [correlation_id: y] owner: SOC correlation_id: y alert: 42", {}, "y"),
        ("Disk full\n[correlation_id: y]\nowner: SOC", {}, None),
        ("Disk full\n[correlation_id: y]\ncorrelation_id: yes", {}, None),
        ("Disk full\n[correlation_id: y]\nmy-correlation_id: y", {}, None),
        ("Disk full\nnote: [correlation_id: y]\ncorrelation_id: x", {}, None),
        ("Disk full", {"correlation_id": ""}, None),
        ("Disk full", {"correlation_id": 5}, None),
        ("Disk full", {"Correlation_ID": "x"}, None),
    ],
)
def test_an_outage_without_a_tag_is_known_by_its_metadata_else_by_its_last_line(description, metadata, correlation_id):
    marker = shown(description, metadata)
    assert (marker.tag, marker.correlation_id) == (None, correlation_id)
    assert marker.is_of("x") is (correlation_id == "x")
    assert marker.is_of("y") is (correlation_id == "y")


@pytest.mark.field_case("W5")
@pytest.mark.parametrize("before", ["ALERT: ", "<p>", "web-01: ", "2026-11-27 10:00 "])
@pytest.mark.parametrize("quoted", [f"see [correlation_id: {OTHER}]", f"{TAG} [correlation_id: {OTHER}]"])
def test_behind_something_else_the_first_tag_must_fit_the_last_line(before, quoted):
    """A product that writes before the description, and cuts it where it quotes another ID."""
    sent = before + markers.marked(quoted, OURS)
    assert shown(sent).is_of(OURS)
    assert not shown(sent[: sent.index(quoted) + len(quoted)])


@pytest.mark.parametrize("other", [{"correlation_id": OTHER}, {}])
def test_the_tag_decides_where_anything_else_says_otherwise(other):
    marker = shown(f"[{markers.tag_of(OURS)}] Disk full\n[correlation_id: {OTHER}]", other)
    assert (marker.is_of(OURS), marker.is_of(OTHER), marker.correlation_id) == (True, False, None)
    assert str(marker) == f"the marker {markers.tag_of(OURS)} of another correlation id"
