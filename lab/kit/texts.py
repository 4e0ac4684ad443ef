"""What becomes of a text on its way through a product."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html import escape

MOST_OF_A_TEXT = 255
BEYOND_THE_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")

TEXT_FORMS: dict[str, Callable[[str], str]] = {
    "as_given": lambda text: text,
    "cut_at_255": lambda text: text[:MOST_OF_A_TEXT],
    "html_escaped": escape,
    "white_space_folded": lambda text: re.sub(r"\s+", " ", text).strip(),
    "line_ends": lambda text: "\r\n".join(text.splitlines()),
    "normalised": lambda text: unicodedata.normalize("NFC", text),
    "basic_plane": lambda text: BEYOND_THE_BASIC_PLANE.sub("?", text),
}
FORMS = tuple(TEXT_FORMS)
WITH_AUTHOR = "with_author"


def in_form(form: str, text: str) -> str:
    """Return a text in a form; one of which the form makes nothing stays as it is."""
    return TEXT_FORMS.get(form, TEXT_FORMS["as_given"])(text)


def by(author: str, text: str) -> str:
    """Return a text with the name of whoever wrote it."""
    return f"{author}: {text}"
