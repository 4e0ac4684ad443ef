"""Every fault that there is: its parameters, their defaults, and one sentence on what it does.

This table is the only source: orders are checked against it, and the command line and the documents show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .values import BODY, HEADER, HEADERS, METHOD, PATTERN, SECONDS, STATUS, Values, counts, one_of, optional

PRODUCTS = ("fortimonitor", "fortisiem")
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Parameter:
    """One key of an order with its default and what it means."""

    name: str
    default: Any
    values: Values
    about: str


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Parameters:
        name: what an order calls it.
        group: ``wire``, ``connection`` or ``product``.
        about: one sentence: what the client sees.
        parameters: its own, besides those that address every fault.
        whens: where its commit point may lie, the default first; empty if it strikes before any request.
    """

    name: str
    group: str
    about: str
    parameters: tuple[Parameter, ...] = ()
    whens: tuple[str, ...] = (AFTER, BEFORE)

    @property
    def at_accept(self) -> bool:
        """Whether it strikes a connection as soon as it is there, so that no request can be matched."""
        return not self.whens

    @property
    def takes(self) -> dict[str, Parameter]:
        """Every key that an order of this kind may have besides ``kind`` and ``product``."""
        address = COUNTING if self.at_accept else (*MATCHING, _when(self.whens), *COUNTING)
        return {parameter.name: parameter for parameter in (*address, *self.parameters)}


MATCHING = (
    Parameter("method", None, optional(METHOD), "Only requests with this method."),
    Parameter("path", None, optional(PATTERN), "Only requests whose path fits this pattern; * stands for anything."),
)
COUNTING = (
    Parameter("skip", 0, counts(0), "How many that match are let through first."),
    Parameter("times", 1, counts(0), "How many that match are struck; 0 is for ever."),
)


def _when(whens: tuple[str, ...]) -> Parameter:
    return Parameter(
        "when",
        whens[0],
        one_of(*whens),
        "before: the product never sees the request. after: it has done what was asked, and its answer is at hand.",
    )


def _at(default: int, of: str) -> tuple[Parameter, ...]:
    return (Parameter("at", default, counts(0), f"How many bytes of {of} the client gets."),)


def _status(default: int) -> Parameter:
    return Parameter("status", default, STATUS, "The status of the answer.")


RESUME = Parameter("seconds", 1, SECONDS, "How long the client is asked to wait.")
OWN = (AFTER,)
# Whoever answers like this has normally done nothing of what was asked.
REFUSING = (BEFORE, AFTER)
# The product has not answered yet then, and there must be something to break.
STAND_IN = " (with before, that of 503)"

KINDS = (
    Kind("hang", "wire", "No answer comes; the connection stays open until the client leaves or the lab stops."),
    Kind("reset", "wire", "The connection is reset (TCP RST) in place of the answer."),
    Kind("close", "wire", "The connection is closed (TCP FIN) in place of the answer."),
    Kind("cut_headers", "wire", f"The answer ends within its header block{STAND_IN}.", _at(30, "the header block")),
    Kind(
        "cut_body",
        "wire",
        f"The answer ends within its body{STAND_IN}; an empty body cannot be cut.",
        _at(1, "the body"),
    ),
    Kind("cut", "wire", f"The answer ends at any byte{STAND_IN}.", _at(16, "the whole answer")),
    Kind(
        "dribble",
        "wire",
        f"The answer{STAND_IN} comes whole, but in small pieces with a pause after each.",
        (
            Parameter("bytes", 1, counts(1), "How many bytes a piece has."),
            Parameter("seconds", 0.1, SECONDS, "How long the pause is."),
        ),
    ),
    Kind("garbage", "wire", "Bytes come that are no HTTP, then the connection is closed."),
    Kind("html_200", "wire", "A login page comes with status 200, as from a captive portal.", whens=REFUSING),
    Kind(
        "delay",
        "wire",
        "The answer comes late; with before, the product gets the request late, even if the client has left by then.",
        (Parameter("seconds", 1, SECONDS, "How long it takes."),),
    ),
    Kind(
        "stale_keep_alive",
        "wire",
        "The answer comes whole, and right after it the connection is closed without having been announced.",
        whens=OWN,
    ),
    Kind("refuse", "connection", "The connection is accepted and reset at once.", whens=()),
    Kind("tls_expired", "connection", "The server shows a certificate that has expired.", whens=()),
    Kind("tls_wrong_host", "connection", "The server shows a certificate of another name.", whens=()),
    Kind("tls_self_signed", "connection", "The server shows a certificate that no authority signed.", whens=()),
    Kind("tls_old_version", "connection", "The server speaks TLS 1.1 at most.", whens=()),
    Kind("plain_http", "connection", "The server answers in plain HTTP on the TLS port.", whens=()),
    Kind("tls_bad_record", "connection", "A broken TLS record comes in place of the answer, then the end."),
    Kind(
        "answer",
        "product",
        "This answer comes in place of the product's.",
        (
            _status(200),
            Parameter("headers", {}, HEADERS, "Its headers; Content-Length is added if it is not among them."),
            Parameter("body", "", BODY, "Its body."),
        ),
        whens=REFUSING,
    ),
    Kind("429_seconds", "product", "Too many requests: Retry-After in seconds.", (RESUME,), whens=REFUSING),
    Kind(
        "429_date",
        "product",
        "Too many requests: Retry-After as a date, by the lab's clock.",
        (RESUME,),
        whens=REFUSING,
    ),
    Kind(
        "429_epoch",
        "product",
        "Too many requests: X-RateLimit-Reset in epoch seconds, by the lab's clock.",
        (RESUME,),
        whens=REFUSING,
    ),
    Kind("429_bare", "product", "Too many requests, without a word on when to come back.", whens=REFUSING),
    Kind("500", "product", "Internal server error with a web page."),
    Kind("503", "product", "Service unavailable with a web page, as from a gateway.", whens=REFUSING),
    Kind(
        "500_error_headers", "product", "Internal server error that is explained by ErrorCode and ErrorMessage alone."
    ),
    Kind("error_message", "product", 'An error in JSON: {"message": text}.', (_status(400),), whens=REFUSING),
    Kind("error_error", "product", 'An error in JSON: {"error": text}.', (_status(400),), whens=REFUSING),
    Kind(
        "error_field_map",
        "product",
        "An error in JSON: each field with what is wrong with it.",
        (_status(400),),
        whens=REFUSING,
    ),
    Kind("error_text", "product", "An error in plain text.", (_status(400),), whens=REFUSING),
    Kind("error_html", "product", "An error as a web page.", (_status(400),), whens=REFUSING),
    Kind("xml_255", "product", "FortiSIEM's XML error 255 under status 200.", whens=REFUSING),
    Kind("empty_200", "product", "Status 200 with nothing in it."),
    Kind(
        "wrong_content_type",
        "product",
        "The product's own answer comes under another content type.",
        (Parameter("content_type", "text/plain", HEADER, "The content type that it claims."),),
        whens=OWN,
    ),
    Kind(
        "redirect",
        "product",
        "The request is sent elsewhere.",
        (_status(302), Parameter("location", "https://login.example/", HEADER, "Where to.")),
        whens=REFUSING,
    ),
    Kind("no_location", "product", "The product's own answer comes without its Location.", whens=OWN),
    Kind(
        "wrong_location",
        "product",
        "The product's own answer comes with a Location that is not the new object's.",
        (
            Parameter("id", "2002", HEADER, "The id that it ends in; 2002 is an outage of the lab's seed."),
            Parameter(
                "origin", None, optional(HEADER), "The scheme, host and port that it begins with; null keeps them."
            ),
        ),
        whens=OWN,
    ),
)
CATALOGUE: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def catalogue_as_json() -> list[dict[str, Any]]:
    """Return the catalogue in a form that JSON can carry."""
    return [
        {
            "kind": kind.name,
            "group": kind.group,
            "about": kind.about,
            "parameters": [
                {"name": each.name, "default": each.default, "must_be": each.values.words, "about": each.about}
                for each in kind.takes.values()
            ],
        }
        for kind in KINDS
    ]
