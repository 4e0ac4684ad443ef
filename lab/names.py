"""Names that are not there, and the one that was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

MOST_SHOWN = 10
CLOSE = 0.7  # of 1: a letter or a word astray, not just a word in common


def unknown(kind: str, name: object, known: Iterable[str], shown_by: str = "") -> str:
    """Say that there is nothing of a name, and what comes close; if nothing does, what there is.

    Parameters:
        kind: what it would be the name of, such as ``action``.
        shown_by: see ``all_of``.
    """
    names = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), names, 1, CLOSE) if isinstance(name, str) else []
    hint = f"Did you mean {names[close[0]]!r}?" if close else f"There are: {all_of(names.values(), shown_by)}"
    return f"There is no {kind} {name!r}. {hint}"


def all_of(names: Collection[str], shown_by: str) -> str:
    """Return names in a row, or the command that shows them where they are too many.

    Parameters:
        shown_by: the command; empty if there is none.
    """
    if shown_by and len(names) > MOST_SHOWN:
        return f"{len(names)}, shown by {shown_by}"
    return f"{', '.join(names)}."
