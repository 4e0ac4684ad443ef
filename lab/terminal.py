"""Text that keeps to the width of the terminal, whatever is in it."""

from __future__ import annotations

import sys
import textwrap

import click


def width() -> int:
    """Return the terminal's width in characters: COLUMNS if set; 80 where there is no terminal."""
    from rich.console import Console

    return Console().width


def fitted(line: str, columns: int, hang: int = 0) -> str:
    """Break a line so that nothing is wider; its own indentation is kept.

    Parameters:
        columns: the width.
        hang: by how much further lines are indented deeper than the first.
    """
    own = " " * (len(line) - len(line.lstrip()))
    # A single word that is wider than the terminal is broken, too: the terminal would do the same.
    return textwrap.fill(
        line.strip(), columns, initial_indent=own, subsequent_indent=own + " " * hang, break_on_hyphens=False
    )


def aside(sentence: str) -> None:
    """Say something to whoever sits there, on stderr; what another program reads stays one line."""
    click.echo(fitted(sentence, width()) if sys.stderr.isatty() else sentence, err=True)
