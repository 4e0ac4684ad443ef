"""All pages that are made, and whether those in the working copy are up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import action_pages, blocks, case_page, check, executed, fault_page, fidelity_page, notes, quality
from .archive import ROOT, BuildError

MAKERS: tuple[Callable[[], dict[str, str]], ...] = (
    action_pages.action_pages,
    lambda: {fault_page.PAGE: fault_page.fault_page()},
    lambda: {case_page.PAGE: case_page.case_page()},
    lambda: {fidelity_page.PAGE: fidelity_page.fidelity_page()},
    lambda: {check.PAGE: check.rules_page()},
    lambda: {quality.PAGE: quality.quality_page()},
    lambda: {notes.PAGE: notes.release_notes()},
    blocks.filled_pages,
)


def made_pages() -> dict[str, str]:
    """Return the text of every page that is made, by path. Raises BuildError where one cannot be made."""
    return {path: text for make in MAKERS for path, text in make().items()}


def make_pages() -> list[Path]:
    """Execute the examples, and write every page; remove those of actions that are no more. Return what was written.

    Raises: LabError where an example fails, BuildError where a page cannot be made.
    """
    answers = executed.as_kept(executed.executed(action_pages.shown_actions()))
    (ROOT / executed.FILE).write_text(answers, encoding="utf-8")
    (ROOT / notes.PAGE).write_text(notes.release_notes(), encoding="utf-8")  # a block shows what stands there
    pages = made_pages()
    for left_over in _left_over(pages):
        left_over.unlink()
    (ROOT / action_pages.FOLDER).mkdir(parents=True, exist_ok=True)
    for path, text in pages.items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return [ROOT / path for path in (executed.FILE, *pages)]


def check_pages() -> None:
    """Raise BuildError naming the pages that are not what would be made now."""
    pages = made_pages()
    stale = [path for path, text in pages.items() if not _is(ROOT / path, text)]
    stale += [path.relative_to(ROOT).as_posix() for path in _left_over(pages)]
    if stale:
        raise BuildError(f"Not up to date: {', '.join(sorted(stale))}. Run make docs.")


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def _left_over(pages: dict[str, str]) -> list[Path]:
    there = (ROOT / action_pages.FOLDER).glob("*.md")
    return [path for path in there if path.relative_to(ROOT).as_posix() not in pages]
