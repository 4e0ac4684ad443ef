"""Texts as a product shows them again: cut, escaped, folded, normalised. A difference alone proves nothing.

What is compared is what survives: line ends, white space, HTML escapes and Unicode form are undone on both sides, and
characters that databases replace or drop (those beyond the basic plane; ``?`` in their place) are left out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional

LOST = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f\u200b-\u200d\u2060\ud800-\udfff\ufeff\ufffd\U00010000-\U0010ffff?]")
HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"
SHORTEST_CUT = 200  # characters; products keep 255 of a text or more
LONGEST_ESCAPE = 10  # characters, of which a part may be left where a text was cut
MOST_ESCAPES = 3  # times that a text was escaped on its way
# What nobody sees and pages and mails put around what is copied from them: soft hyphens, joiners, marks of direction.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
AROUND_PASTED = f"{WHITE_SPACE}{INVISIBLE}"
# What expressions of a playbook render to where they have no value, without quotes and brackets around it.
EMPTY = ("", "none", "null", "nil", "undefined", "nan", "n/a")
UNRENDERED = ("{{", "{%")
AROUND = "\"'`{}[]()<>,;:. \t"


def pasted(text: str) -> str:
    """Return what was pasted without the white space and the invisible characters around it."""
    return text.strip(AROUND_PASTED)


def pasted_password(text: str) -> str:
    """Return a password that was pasted without the invisible characters around it; blanks may belong to it."""
    return text.strip(INVISIBLE)


def names_something(text: str) -> bool:
    """Tell whether a text is more than what an expression without a value renders to, or an expression itself."""
    return text.strip(AROUND).casefold() not in EMPTY and not any(mark in text for mark in UNRENDERED)


def survivors(text: str) -> str:
    """Return what survives of a text, with its line breaks."""
    lines = unicodedata.normalize("NFKC", LOST.sub("", _unescaped(text))).splitlines()
    return "\n".join([" ".join(line.split()) for line in lines if line.strip()])


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape  # takes as long to import as the rest of this file

    for _ in range(MOST_ESCAPES):
        unescaped = unescape(text)
        if unescaped == text:
            break
        text = unescaped
    return text


def same_text(sent: str, shown: str) -> bool:
    """Tell whether a text is shown as it was sent, as far as that survives."""
    return sent == shown or survivors(sent).split() == survivors(shown).split()


def may_be_cut(sent: str, shown: str) -> bool:
    """Tell whether a product may have cut a text where what it shows of it ends: what follows would not show."""
    begun = " ".join(survivors(shown).split())[:-LONGEST_ESCAPE]
    return len(shown) >= SHORTEST_CUT and " ".join(survivors(sent).split()).startswith(begun)


def entries_of(sent: str, shown: str) -> Optional[int]:
    """Return how often a text stands in another one as whole lines of its own; None where nothing of it survives.

    A product may put an entry on one line, whatever its line breaks were.
    """
    words = survivors(sent).split()
    if not words:
        return None
    entry = r"\s".join(re.escape(word) for word in words)  # one white space between words is all that is left
    return len(re.findall(f"^{entry}$", survivors(shown), re.M))
