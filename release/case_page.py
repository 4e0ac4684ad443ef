"""The page ``docs/development/field-cases.md``: every kind of case, and the tests that hold it.

A test says itself which kinds it holds: ``@pytest.mark.field_case("F7", "W3")``. The tests are read, not run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomllib

from .archive import ROOT, BuildError

PAGE = "docs/development/field-cases.md"
KINDS = "release/field_cases.toml"
MARK = "pytest.mark.field_case"
LEAST_INSTANCES = 4  # the one that was met, and three others
INTRODUCTION = """\
# Cases from the field

What real products, networks and people send, and what went wrong with it. Each line is a kind, not one input: its tests
try at least three other instances. *any* means that they are drawn, or made when the tests run.

This page is made by `make docs` from `release/field_cases.toml` and from the mark `field_case` on the tests.
"""


@dataclass(frozen=True)
class Held:
    """A test that holds a kind.

    Parameters:
        name: ``path::name``.
        instances: of its parametrisation; None where they are drawn, or made when it runs.
    """

    name: str
    instances: int | None


def case_page(root: Path = ROOT) -> str:
    """Return the page's text.

    Raises: BuildError naming every kind that no test holds, that has too few instances, or that no table has.
    """
    groups = tomllib.loads((root / KINDS).read_text("utf-8"))
    held, problems = _held(root)
    ids = [name for group in groups.values() for name in group if name != "title"]
    problems += [
        f"{tests[0].name} is marked with {kind}, which is in no table."
        for kind, tests in held.items()
        if kind not in ids
    ]
    problems += [f"No test holds {kind}." for kind in ids if kind not in held]
    problems += [
        f"{kind} has fewer than {LEAST_INSTANCES} instances."
        for kind in ids
        if kind in held and 0 < _instances(held[kind]) < LEAST_INSTANCES
    ]
    if problems:
        raise BuildError(" ".join(problems))
    return "\n".join([INTRODUCTION, *(_group(group, held) for group in groups.values())])


def _group(kinds: dict[str, str], held: dict[str, list[Held]]) -> str:
    lines = [f"## {kinds['title']}\n", "| | kind | instances | held by |", "| --- | --- | --- | --- |"]
    for kind, sentence in kinds.items():
        if kind != "title":
            tests = "<br>".join(f"`{test.name}`" for test in held[kind])
            lines.append(f"| {kind} | {sentence} | {_instances(held[kind]) or 'any'} | {tests} |")
    return "\n".join(lines) + "\n"


def _instances(tests: Iterable[Held]) -> int:
    """Return how many instances the tests have together, 0 for as many as are drawn."""
    counts = [test.instances for test in tests]
    return 0 if None in counts else sum(count for count in counts if count)


def _held(root: Path) -> tuple[dict[str, list[Held]], list[str]]:
    """Return the tests that hold each kind, in the order of their files, and marks that mark no test."""
    held: dict[str, list[Held]] = {}
    problems: list[str] = []
    for path in sorted((root / "tests").rglob("*.py")):
        module = ast.parse(path.read_text("utf-8"))
        for function in module.body:
            kinds = list(_kinds(function))
            if not kinds:
                continue
            assert isinstance(function, ast.FunctionDef)
            name = f"{path.relative_to(root).as_posix()}::{function.name}"
            if not (path.name.startswith("test_") and function.name.startswith("test_")):
                problems.append(f"{name} is marked with {', '.join(kinds)} and is no test.")
            for kind in kinds:
                held.setdefault(kind, []).append(Held(name, _counted(function, module)))
    return held, problems


def _kinds(function: ast.stmt) -> Iterator[str]:
    for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else []:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == MARK:
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def _counted(function: ast.FunctionDef, module: ast.Module) -> int | None:
    """Return how often a test is run with other values, None where that does not stand in its file."""
    product: int | None = 1
    for decorator in function.decorator_list:
        source = ast.unparse(decorator)
        if source.startswith("given("):
            return None
        if source.startswith("pytest.mark.parametrize(") and isinstance(decorator, ast.Call):
            count = _length(decorator.args[1], module)
            product = None if product is None or count is None else product * count
    return product


def _length(values: ast.expr, module: ast.Module) -> int | None:
    if isinstance(values, ast.Name):
        assigned = [each for each in module.body if isinstance(each, (ast.Assign, ast.AnnAssign))]
        named = [
            each.value
            for each in assigned
            if values.id in ast.unparse(each).partition(" = ")[0].partition(":")[0].split()
        ]
        return _length(named[-1], module) if named and named[-1] is not None else None
    if isinstance(values, ast.Dict):
        return None if None in values.keys else len(values.keys)
    if isinstance(values, (ast.List, ast.Tuple, ast.Set)):
        return None if any(isinstance(each, ast.Starred) for each in values.elts) else len(values.elts)
    return None
