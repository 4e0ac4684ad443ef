"""The rules that hold the package together and that neither ruff nor import-linter knows, over all files that ship.

A rule is a function from a file's path in the package and its text to findings: ``path:line: what is wrong. What to
do.`` Each rule is also shown what it must notice, and what it must leave alone.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import pytest

from release.archive import ROOT, shipped_files

FLOORS = ("core", "clients", "operations", "connector")
WORKSHOP = ("lab", "release", "tests", "vendor")
PLATFORM = ("connectors", "integrations")
THIRD_PARTY = ("requests", "urllib3", "jsonschema")
# In the standard library of the Python that runs the tests, but not in both 3.9 and 3.12.
NOT_IN_BOTH = {"asynchat", "asyncore", "distutils", "imp", "smtpd", "tomllib"}
STANDARD_LIBRARY = (sys.stdlib_module_names | {"__future__"}) - NOT_IN_BOTH
SYSTEM_MODULES = ("importlib", "multiprocessing", "pickle", "shutil", "subprocess", "tempfile")
SYSTEM_CALLS = re.compile(
    r"print|input|breakpoint|exit|quit|open|eval|exec|compile|__import__|io\.open|sys\.exit"
    r"|os\.(system|popen|open|fork|kill|remove|unlink|rmdir|mkdir|makedirs|rename|(exec|spawn|posix_spawn)\w*)"
    r"|.*\.(open|write_text|write_bytes)"
)
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)

Findings = Iterator[str]
Rule = Callable[[str, str], Findings]


class Import(NamedTuple):
    """One imported name. ``name`` is dotted; a relative one counts from the package's root, None if it leaves it."""

    line: int
    relative: bool
    name: str | None

    @property
    def top(self) -> str:
        return (self.name or "").split(".")[0]


def imports(path: str, source: str) -> Iterator[Import]:
    """Yield everything that a module imports, at its top or inside a function."""
    package = path.split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, False, alias.name)
        if isinstance(node, ast.ImportFrom):
            up = node.level - 1
            home = [] if node.level == 0 else package[: len(package) - up] if up <= len(package) else None
            for alias in node.names:
                parts = None if home is None else [*home, *filter(None, [node.module]), alias.name]
                yield Import(node.lineno, node.level > 0, None if parts is None else ".".join(parts))


def _dotted(node: ast.AST) -> str:
    """Return ``os.path.join`` for that expression; what is no plain name counts as ``?``."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def the_platform_is_imported_where_it_is_met(path: str, source: str) -> Findings:
    """FortiSOAR's own packages stand only in connector.py and, where unavoidable, operations/."""
    for each in imports(path, source):
        if not each.relative and each.top in PLATFORM and not path.startswith(("connector.py", "operations/")):
            yield f"{path}:{each.line}: imports FortiSOAR's {each.name}. Only connector.py and operations/ may."


def only_the_requirements_are_imported(path: str, source: str) -> Findings:
    """All connectors of an appliance share one virtual environment, of Python 3.9 or 3.12."""
    known = {*STANDARD_LIBRARY, *THIRD_PARTY, *FLOORS, *WORKSHOP, *PLATFORM}
    for each in imports(path, source):
        if not each.relative and each.top not in known:
            yield f"{path}:{each.line}: imports {each.name}. Use the standard library of Python 3.9 and 3.12, or requests."


def text_is_ascii(path: str, source: str) -> Findings:
    """FortiSOAR reads some files as latin-1."""
    for number, line in enumerate(source.splitlines(), start=1):
        for sign in sorted({sign for sign in line if not sign.isascii()}):
            yield f"{path}:{number}: {sign!a} is not ASCII. Write it in ASCII."


def the_system_is_left_alone(path: str, source: str) -> Findings:
    """No output past the logger, no files, no processes, no code made at run time."""
    for each in imports(path, source):
        reads_versions = (each.name or "").startswith("importlib.metadata.")
        if not each.relative and each.top in SYSTEM_MODULES and not reads_versions:
            yield f"{path}:{each.line}: imports {each.name}. A connector starts no processes and writes no files."
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and SYSTEM_CALLS.fullmatch(called := _dotted(node.func)):
            yield f"{path}:{node.lineno}: calls {called}(). Log through the logger; touch no files and no processes."


def nothing_is_kept_on_the_connector(path: str, source: str) -> Findings:
    """FortiSOAR makes a new object for every call and runs several workers: state on it is lost or shared."""
    instead = "Keep it in a cache keyed by what it depends on."
    for owner in ast.walk(ast.parse(source)):
        if not isinstance(owner, ast.ClassDef) or "Connector" not in map(_dotted, owner.bases):
            continue
        for statement in owner.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, MUTABLE):
                yield f"{path}:{statement.lineno}: {owner.name} has a mutable class attribute. {instead}"
        for node in ast.walk(owner):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)) and _of_self(node):
                yield f"{path}:{node.lineno}: {owner.name} sets {_dotted(node)}. {instead}"
            if isinstance(node, ast.Call) and _dotted(node.func) in ("setattr", "self.__dict__.update", "vars"):
                yield f"{path}:{node.lineno}: {owner.name} calls {_dotted(node.func)}(). {instead}"


def _of_self(node: ast.Attribute) -> bool:
    return _dotted(node).startswith(("self.", "cls."))


def certificates_are_verified(path: str, source: str) -> Findings:
    """Only the configuration can switch verification off."""
    for node in ast.walk(ast.parse(source)):
        for name, value in _given(node):
            if name == "verify" and isinstance(value, ast.Constant) and value.value is False:
                yield f"{path}:{value.lineno}: verification is switched off. Leave it to the configuration."


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a node gives a value, each with that value."""
    if isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    if isinstance(node, ast.Assign):
        yield from ((_dotted(target).split(".")[-1], node.value) for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        yield _dotted(node.target).split(".")[-1], node.value
    if isinstance(node, ast.Dict):
        yield from ((str(getattr(key, "value", "")), value) for key, value in zip(node.keys, node.values, strict=True))
    if isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        defaults = [None] * (len(positional) - len(node.defaults)) + node.defaults
        pairs = [*zip(positional, defaults, strict=True), *zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        yield from ((argument.arg, default) for argument, default in pairs)


def default_addresses_are_https(path: str, source: str) -> Findings:
    """Whoever leaves a field as it is sends no credentials in the clear."""
    lines = source.splitlines()
    for value in _defaults(json.loads(source)):
        if isinstance(value, str) and value.lower().startswith("http://"):
            line = next(number for number, text in enumerate(lines, start=1) if json.dumps(value) in text)
            yield f"{path}:{line}: the default {value} is not encrypted. Make it https."


def _defaults(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "value")
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _defaults(child)


PYTHON_RULES: tuple[Rule, ...] = (
    the_platform_is_imported_where_it_is_met,
    only_the_requirements_are_imported,
    the_system_is_left_alone,
    nothing_is_kept_on_the_connector,
    certificates_are_verified,
)
RULES: tuple[Rule, ...] = (*PYTHON_RULES, text_is_ascii, default_addresses_are_https)


def no_modules_import_each_other(sources: dict[str, str]) -> Findings:
    """Modules that need each other are one module. Unlike the other rules, this one looks at all files at once."""
    modules = {_module(path): path for path in sources}
    graph = {
        name: {found for each in imports(path, sources[path]) if each.relative and (found := _in(modules, each.name))}
        for name, path in modules.items()
    }
    try:
        TopologicalSorter({name: needed - {name} for name, needed in graph.items()}).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        first, second = circle[:2]
        line = next(i.line for i in imports(modules[first], sources[modules[first]]) if _in(modules, i.name) == second)
        yield f"{modules[first]}:{line}: imports in a circle: {' > '.join(circle)}. Move what they share into one module."


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _in(modules: dict[str, str], name: str | None) -> str | None:
    """Return the module that an imported name is or lies in."""
    parts = (name or "").split(".")
    return next((".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in modules), None)


def shipped(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield path and text of the shipped files that a rule is about."""
    for file in shipped_files():
        path = file.relative_to(ROOT).as_posix()
        if rule is default_addresses_are_https:
            concerned = path == "info.json"
        else:
            concerned = file.suffix == ".py" if rule in PYTHON_RULES else file.suffix != ".png"
        if concerned:
            yield path, file.read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule_that(rule: Rule) -> None:
    files = list(shipped(rule))
    findings = [finding for path, source in files for finding in rule(path, source)]
    assert files
    assert not findings, "\n".join(findings)


def test_the_package_keeps_the_rule_that_no_modules_import_each_other() -> None:
    findings = list(no_modules_import_each_other(dict(shipped(the_system_is_left_alone))))
    assert not findings, "\n".join(findings)


OFFENCES: list[tuple[Rule, str, str, str]] = [
    (the_platform_is_imported_where_it_is_met, "core/x.py", "import integrations", "1: imports FortiSOAR's integ"),
    (
        the_platform_is_imported_where_it_is_met,
        "clients/x.py",
        "from connectors.core import x",
        "1: imports FortiSOAR's",
    ),
    (only_the_requirements_are_imported, "core/x.py", "import yaml", "1: imports yaml"),
    (
        only_the_requirements_are_imported,
        "core/x.py",
        "def f():\n    from dateutil.parser import parse",
        "2: imports date",
    ),
    (only_the_requirements_are_imported, "core/x.py", "import tomllib", "1: imports tomllib"),
    (only_the_requirements_are_imported, "core/x.py", "import distutils.util", "1: imports distutils.util"),
    (text_is_ascii, "requirements.txt", "requests\n# caf\u00e9", "2: '\\xe9' is not ASCII"),
    (text_is_ascii, "info.json", '{"label": "a \u2013 b"}', "1: '\\u2013' is not ASCII"),
    (the_system_is_left_alone, "core/x.py", "import subprocess", "1: imports subprocess"),
    (
        the_system_is_left_alone,
        "core/x.py",
        "x = importlib.import_module\nfrom importlib import reload",
        "2: imports imp",
    ),
    (the_system_is_left_alone, "core/x.py", "def f():\n    print(1)", "2: calls print()"),
    (the_system_is_left_alone, "core/x.py", "with open('x') as f: pass", "1: calls open()"),
    (the_system_is_left_alone, "core/x.py", "with Path('x').open() as f: pass", "1: calls ?.open()"),
    (the_system_is_left_alone, "core/x.py", "path.write_text('x')", "1: calls path.write_text()"),
    (the_system_is_left_alone, "core/x.py", "os.system('ls')", "1: calls os.system()"),
    (the_system_is_left_alone, "core/x.py", "os.execvp('ls', [])", "1: calls os.execvp()"),
    (the_system_is_left_alone, "core/x.py", "eval('1')", "1: calls eval()"),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(Connector):\n    kept = {}",
        "2: A has a mutable class",
    ),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(Connector):\n    kept: X = set()",
        "2: A has a mutable",
    ),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(base.Connector, Connector):\n    def f(self):\n        self.config = 1",
        "3: A sets self.config",
    ),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(Connector):\n    def f(self):\n        a, self.b = 1, 2",
        "3: A sets self.b",
    ),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(Connector):\n    def f(self):\n        self.count += 1",
        "3: A sets self.count",
    ),
    (
        nothing_is_kept_on_the_connector,
        "connector.py",
        "class A(Connector):\n    def f(self):\n        setattr(self, 'a', 1)",
        "3: A calls setattr()",
    ),
    (certificates_are_verified, "core/x.py", "get(url,\n    verify=False)", "2: verification is switched off"),
    (certificates_are_verified, "core/x.py", "session.verify = False", "1: verification is switched off"),
    (certificates_are_verified, "core/x.py", "verify: bool = False", "1: verification is switched off"),
    (certificates_are_verified, "core/x.py", "get(**{'url': 1, 'verify': False})", "1: verification is switched off"),
    (certificates_are_verified, "core/x.py", "def f(url, verify=False): pass", "1: verification is switched off"),
    (certificates_are_verified, "core/x.py", "def f(*, verify=False): pass", "1: verification is switched off"),
    (
        default_addresses_are_https,
        "info.json",
        '{"fields": [{"onchange": {"true": [\n{"value": "HTTP://example.com"}]}}]}',
        "2: the default HTTP://example.com is not encrypted",
    ),
]


@pytest.mark.parametrize(("rule", "path", "source", "words"), OFFENCES)
def test_a_rule_notices_what_breaks_it_and_says_where(rule: Rule, path: str, source: str, words: str) -> None:
    (finding,) = rule(path, source)
    assert finding.startswith(f"{path}:")
    assert words in finding
    assert re.fullmatch(r"[^:]+:\d+: .*\. [A-Z].*\.", finding)


def test_no_rule_goes_without_an_offence_that_it_notices() -> None:
    assert {rule for rule, *_ in OFFENCES} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (the_platform_is_imported_where_it_is_met, "connector.py", "from connectors.core.connector import Connector"),
        (the_platform_is_imported_where_it_is_met, "operations/x.py", "from integrations.crudhub import make_request"),
        (only_the_requirements_are_imported, "core/x.py", "import json, requests.adapters\nfrom urllib3 import util"),
        (the_system_is_left_alone, "core/x.py", "import os\nx = re.compile('x')\nos.getpid()\npath.read_text()"),
        (nothing_is_kept_on_the_connector, "connector.py", "class A(Connector):\n    '''A.'''\n    name = 'x'"),
        (nothing_is_kept_on_the_connector, "connector.py", "class A:\n    def f(self):\n        self.x = []"),
        (certificates_are_verified, "core/x.py", "get(url, verify=config.verify, stream=False)"),
        (default_addresses_are_https, "info.json", '{"value": "https://a", "placeholder": "http://a"}'),
    ],
)
def test_a_rule_leaves_alone_what_keeps_it(rule: Rule, path: str, source: str) -> None:
    assert list(rule(path, source)) == []


def test_a_circle_of_imports_is_noticed_wherever_it_begins() -> None:
    sources = {
        "core/__init__.py": "",
        "core/a.py": "import os\nfrom .b import x",
        "core/b.py": "def f():\n    from . import c",
        "core/c.py": "from .a import y",
        "clients/__init__.py": "from . import x\nfrom ..core import a",
        "clients/x.py": "from ..core.a import x",
    }
    (finding,) = no_modules_import_each_other(sources)
    assert re.fullmatch(
        r"core/(a\.py:2|b\.py:2|c\.py:1): imports in a circle: core\.\w(?: > core\.\w){3}\. .*", finding
    )
    sources["core/c.py"] = "from . import y"
    assert list(no_modules_import_each_other(sources)) == []
