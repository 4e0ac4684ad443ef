"""Jinja as playbooks use it: in a sandbox, with the platform's filters, globals and reading of results."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, Template, TemplateError, Undefined, nodes
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import SandboxedEnvironment

from ....kit.clock import Clock
from ....kit.switches import Switches
from ..asking import Ask
from . import bounds
from .filters import JsonText, as_plain, filters
from .globals import global_names
from .patterns import Patterns

TEMPLATES = 2000
# By the positions of the switch undefined_attribute.
UNDEFINED = {"fails": Undefined, "empty": ChainableUndefined}


class RenderingFailed(Exception):
    """A template that is wrong, or that asks for what is not there; the text says which and why."""


class _Generator(NativeCodeGenerator):
    """Leaves every expression to the moment of rendering: worked out earlier, it would come out as text, and once."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def visit_For(self, node: nodes.For, frame: Any) -> None:
        """Make every loop look at the clock."""
        tick = nodes.EnvironmentAttribute("ticking", lineno=node.lineno)
        node.iter = nodes.Call(tick, [node.iter], [], None, None, lineno=node.lineno)
        node.iter.set_environment(self.environment)
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:
        """Join texts of a sensible size."""
        self.write("environment.text_of((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")


class _PlaybookTemplate(Template):
    def render(self, *args: Any, **kwargs: Any) -> Any:
        context = self.new_context(dict(*args, **kwargs))
        try:
            return _joined(self.root_render_func(context))
        except Exception:  # noqa: BLE001  Jinja's own way: it rewrites the traceback and raises again
            return self.environment.handle_exception()


class _Environment(SandboxedEnvironment):
    """A sandbox that hands a lone value on as it is, and joins anything else to text."""

    code_generator_class = _Generator
    template_class = _PlaybookTemplate
    intercepted_binops = frozenset(("+", "*", "**", "%"))
    ticking = staticmethod(bounds.ticking)
    text_of = staticmethod(bounds.text_of)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Do an operation whose result is not too large."""
        bounds.check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Any:
        """Return the safe form of a text's own ``format``, which is looked at here: it hides its text."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            bounds.check_format(str(value.__self__))
        return wrapped

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what has time left, and makes nothing too large."""
        bounds.look()
        bounds.check_call(function, [*args, *kwargs.values()])
        return super().call(context, function, *args, **kwargs)

    @staticmethod
    def concat(parts: Iterable[Any]) -> Any:
        """Join what a block produced, as ``{% set %}...{% endset %}`` and macros need it."""
        return _joined(parts)


class Renderer:
    """Renders values of a playbook.

    Parameters:
        ask: asks the local FortiSOAR, for picklists and records.
        clock: the lab's time, which ``arrow`` and the date functions tell.
        global_variable: returns a global variable's value, None if there is none.
        switches: those of the local FortiSOAR.
        go_on: raises what ends a rendering, if it has to end.
    """

    def __init__(
        self, ask: Ask, clock: Clock, global_variable: Any, switches: Switches, go_on: Callable[[], None]
    ) -> None:
        self._switches = switches
        self._go_on = go_on
        self._patterns = Patterns()
        self._template_in = {}
        for position, kind in UNDEFINED.items():
            made = environment(ask, clock, self._patterns, kind)
            made.globals["globalVars"] = _GlobalVariables(global_variable, self)
            self._template_in[position] = lru_cache(TEMPLATES)(made.from_string)

    def render(self, value: Any, variables: dict[str, Any]) -> Any:
        """Return a value with every text in it rendered; ``vars`` holds the variables.

        A text that comes out with a brace or bracket at its start is read as an object or list where it is one
        (the appliance does so; ``toJSON`` keeps a lone value from it).
        Raises: RenderingFailed.
        """
        if isinstance(value, dict):
            return {key: self.render(item, variables) for key, item in value.items()}
        if isinstance(value, list):
            return [self.render(item, variables) for item in value]
        if isinstance(value, str) and is_template(value):
            return self.text(value, {"vars": variables})
        return value

    def text(self, text: str, context: dict[str, Any]) -> Any:
        """Return one template, rendered with these names.

        Raises: RenderingFailed.
        """
        try:
            template = self._template_in[self._switches["undefined_attribute"]](text)
            with bounds.limited(self._go_on):
                return _read(template.render(context))
        except TemplateError as error:
            raise RenderingFailed(f"{text!r}: {error.message}") from error
        except RenderingFailed:
            raise
        except Exception as error:
            raise RenderingFailed(f"{text!r}: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """End what runs beside."""
        self._patterns.close()


class _GlobalVariables:
    """``globalVars``: each value is looked up when asked for, and may itself be a template."""

    def __init__(self, value: Any, renderer: Renderer) -> None:
        self._value = value
        self._renderer = renderer

    def __getitem__(self, name: str) -> Any:
        value = self._value(name)
        if value is None:
            raise KeyError(name)
        return self._renderer.render(value, {})


def environment(ask: Ask, clock: Clock, patterns: Patterns, undefined: type[Undefined] = Undefined) -> Environment:
    """Return the sandbox with the platform's filters and globals; ``globalVars`` and ``vars`` are not in it."""
    made = _Environment(optimized=False, undefined=undefined, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    made.filters.update(bounds.bounded_filters(made.filters) | filters(ask, clock, patterns))
    del made.globals["lipsum"]  # texts of any length
    made.globals.update(global_names(clock))
    return made


def is_template(text: str) -> bool:
    """Tell whether a text holds anything that Jinja acts on."""
    return "{{" in text or "{%" in text or "{#" in text


def _joined(parts: Iterable[Any]) -> Any:
    values = list(parts)
    if len(values) == 1:
        return "" if isinstance(values[0], Undefined) else values[0]
    return bounds.text_of(values)


def _read(value: Any) -> Any:
    if isinstance(value, JsonText):
        return str(value)
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return _parsed(value)
    return as_plain(value)


def _parsed(text: str) -> Any:
    """Return the object or list that a text holds, as JSON or as Python writes it; else the text."""
    for parse, plain in ((json.loads, _as_it_is), (ast.literal_eval, as_plain)):
        try:
            value = parse(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        return plain(value) if isinstance(value, dict | list) else text
    return text


def _as_it_is(value: Any) -> Any:
    return value
