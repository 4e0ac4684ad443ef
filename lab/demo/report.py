"""What the tour did: shown step by step on a console, and kept for ``--json``."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from ..errors import LabError
from ..terminal import fitted

INDENT = 4


class Screen(Console):
    """A console that may lose its reader, such as ``head``: all goes on, only that nothing is shown any more.

    A tour that stopped there would leave an incident active in somebody's FortiMonitor.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # What is in Python's own buffer still goes there at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@dataclass
class Step:
    """One step: what was found, and the documents that crossed the wire."""

    title: str
    ok: bool = False
    seconds: float = 0.0
    facts: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)

    def found(self, fact: str) -> None:
        """Keep one sentence about what happened."""
        self.facts.append(fact)

    def document(self, label: str, value: object) -> None:
        """Keep a JSON document, such as a request or an answer."""
        self.documents.append({"label": label, "value": value})


class Report:
    """The steps in their order, the time they took, and the first thing that went wrong."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._steps: list[Step] = []
        self._remarks: list[str] = []
        self.lab_ready_seconds: float | None = None
        self.error: str | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run one step; show it when it ends, well or not."""
        step = Step(title)
        self._steps.append(step)
        began = time.monotonic()
        try:
            with self._console.status(Text(title), spinner="line"):
                yield step
        except LabError as error:
            step.found(str(error))
            self._show(step, began)
            raise
        step.ok = True
        self._show(step, began)

    def section(self, title: str) -> None:
        """Show a headline between steps."""
        self._console.print()
        self._console.rule(Text(title, "bold"), characters="-", align="left", style="dim")

    def remark(self, sentence: str) -> None:
        """Say something about the tour as a whole."""
        self._remarks.append(sentence)
        self._console.print()
        self._show_line(sentence)

    def failed(self, reason: str) -> None:
        """Keep what ended the tour."""
        self.error = reason
        if not any(reason in step.facts for step in self._steps):
            self._console.print()
            self._show_line(reason)

    def show_end(self) -> None:
        """Show how it went and how long it took."""
        ready = f" The lab was ready in {self.lab_ready_seconds:.1f} s." if self.lab_ready_seconds else ""
        took = f"{len(self._steps)} steps in {self._elapsed():.1f} s.{ready}"
        verdict, style = ("Stopped at a surprise.", "bold red") if self.error else ("Everything held.", "bold green")
        self._console.print()
        sentences = Text(fitted(f"{verdict} {took}", self._console.width))
        sentences.stylize(style, 0, len(verdict))
        self._console.print(sentences)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as one document."""
        return {
            "ok": self.error is None,
            "error": self.error,
            "seconds": round(self._elapsed(), 3),
            "lab_ready_seconds": self.lab_ready_seconds,
            "remarks": self._remarks,
            "steps": [asdict(step) for step in self._steps],
        }

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _show(self, step: Step, began: float) -> None:
        step.seconds = round(time.monotonic() - began, 3)
        verdict = ("ok", "bold green") if step.ok else ("FAILED", "bold red")
        number, seconds = (f"{len(self._steps):2}. ", "dim"), (f"  {step.seconds:.2f} s", "dim")
        self._console.print()
        self._console.print(Text.assemble(number, (step.title, "bold"), "  ", verdict, seconds))
        for document in step.documents:
            self._show_line(document["label"], "dim")
            self._show_json(document["value"])
        for fact in step.facts:
            self._show_line(fact)

    def _show_line(self, line: str, style: str = "") -> None:
        text = fitted(" " * INDENT + line, self._console.width)
        self._console.print(Text(text, style), soft_wrap=True)

    def _show_json(self, value: object) -> None:
        lines = textwrap.indent(json.dumps(value, indent=2), " " * (INDENT + 2)).splitlines()
        text = "\n".join(fitted(line, self._console.width, hang=2) for line in lines)
        self._console.print(JSONHighlighter()(text), soft_wrap=True)
