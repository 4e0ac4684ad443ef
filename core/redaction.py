"""No secret value leaves the connector, whatever the road: messages and logs pass through here.

Products and proxies send back what they were sent, in whatever form: escaped for HTML, URLs or JSON, several times
over, on several lines, as Base64 of a whole header, cut. So texts are compared in one plain form, in which no escapes
and no white space are left.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from bisect import bisect_right
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Set, Tuple
from urllib.parse import unquote

from .texts import HALF_A_CHARACTER, REPLACEMENT, pasted

MASK = "***"
SHORTEST = 4  # A shorter secret would mask half of every text.
MOST_ESCAPES = 4  # times that a text was escaped on its way

BLANK = re.compile(r"[\s+]+")  # a plus is what quote_plus makes of one
# Letters of either case are spelt out, since the search for a beginning is ten times as fast then.
ESCAPED = re.compile(
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*|&(?:\#[xX]?[0-9A-Fa-f]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};)"
    r"|\\+(?:U[0-9A-Fa-f]{8}|u[0-9A-Fa-f]{4}(?:\\+u[0-9A-Fa-f]{4})*|x[0-9A-Fa-f]{2}|[nrtbf]?)"
)
DOTS = re.compile(r"\.{3,}|\u2026")
CUT_ESCAPE = re.compile(r"(?:%[0-9a-f]?|&\#?[a-z0-9]{0,8}|u[0-9a-f]{0,3})\Z", re.I)
LONGEST_CUT_ESCAPE = 10
BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")

Span = Tuple[int, int]


def fingerprint(*parts: str) -> str:
    """Return a name for an account under which things can be kept, and which does not show its secret."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class _Form(NamedTuple):
    """A form of a secret, plain. Where it is Base64, what stands around it is of the secret too, or of its name."""

    text: str
    is_base64: bool = False


class Redactor:
    """Mask known secret values, in every form in which they travel.

    Parameters:
        secrets: the values themselves; blank and very short ones are passed over.
    """

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        self._values: Set[str] = set()
        self._formed: Tuple[int, List[str], List[_Form]] = (0, [], [])  # of how many values; most calls need none
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Any) -> None:
        """Mask a value from now on; a number too, as it is sent."""
        is_number = isinstance(secret, (int, float)) and not isinstance(secret, bool)
        secret = pasted(str(secret)) if is_number or isinstance(secret, str) else ""
        if len(secret) >= SHORTEST:
            self._values.add(secret)

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        values, forms = self._forms()
        for value in values:  # as it is, whatever escapes it makes with what stands around it
            text = text.replace(value, MASK)
        if next(_found(forms, _plain(text)), None) is None:
            return text
        plain, steps = _with_steps(text)
        return _masked(text, [(_source(steps, span), form.is_base64) for form, span in _found(forms, plain)])

    def within(self, value: Any) -> Any:
        """Return a JSON value with every secret masked in its texts, names of members included."""
        dumped = json.dumps(value, ensure_ascii=False, default=str)
        return value if self(dumped) == dumped else self._within(value)

    def _within(self, value: Any) -> Any:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self._within(each) for each in value]
        if isinstance(value, dict):
            return {self(str(name)): self._within(each) for name, each in value.items()}
        return MASK if str(value) in self._values else value

    def _forms(self) -> Tuple[List[str], List[_Form]]:
        values = tuple(self._values)
        if self._formed[0] != len(
            values
        ):  # the first time, or a value came, perhaps from another thread; none ever goes
            forms = {form for value in values for form in _forms_of(value) if len(form.text) >= SHORTEST}
            self._formed = (len(values), sorted(values, key=len, reverse=True), list(forms))
        return self._formed[1:]


def _forms_of(value: str) -> Iterator[_Form]:
    yield _Form(_plain(value))
    raw = value.encode("utf-8", "surrogatepass")
    yield _Form(raw.hex())
    yield _Form(raw.hex().upper())
    for before in range(3):  # bytes of what is encoded with it, such as the name of its user
        encoded = base64.b64encode(bytes(before) + raw).decode("ascii")
        inside = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        yield _Form(_plain(inside), is_base64=True)
        yield _Form(_plain(inside.replace("+", "-").replace("/", "_")), is_base64=True)


def _plain(text: str) -> str:
    text = HALF_A_CHARACTER.sub(REPLACEMENT, text)
    for _ in range(MOST_ESCAPES):
        plain = ESCAPED.sub(_unescaped, BLANK.sub("", text))
        if plain == text:
            break
        text = plain
    return text


def _unescaped(match: re.Match[str]) -> str:
    from html import unescape  # at first use: its table of entities is large

    escaped = match.group()
    if escaped[0] == "%":
        return unquote(escaped, errors="replace")
    if escaped[0] == "&":
        return unescape(escaped)
    codes = [int(code, 16) for code in re.findall(r"[uUx]([0-9a-fA-F]+)", escaped)] if escaped[0] == "\\" else []
    written = "".join(chr(code) for code in codes if code <= sys.maxunicode)
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # of two halves one character


class _Step(NamedTuple):
    """How one undoing of escapes moved places: where each piece begins afterwards and before, escapes at odd places."""

    after: List[int]
    before: List[int]

    def source(self, span: Span) -> Span:
        first, last = self._piece(span[0]), self._piece(span[1] - 1)
        start = self.before[first] + (0 if first % 2 else span[0] - self.after[first])
        end = self.before[last + 1] if last % 2 else self.before[last] + span[1] - self.after[last]
        return start, end

    def _piece(self, place: int) -> int:
        return bisect_right(self.after, place) - 1


def _with_steps(text: str) -> Tuple[str, List[_Step]]:
    """Return the plain form of a text and the steps that led there, the last one first."""
    steps: List[_Step] = []
    text = HALF_A_CHARACTER.sub(REPLACEMENT, text)
    for _ in range(MOST_ESCAPES):
        plain = text
        for pattern, replaced in ((BLANK, _nothing), (ESCAPED, _unescaped)):
            plain, step = _replaced(plain, pattern, replaced)
            steps.insert(0, step)
        if plain == text:
            break
        text = plain
    return text, steps


def _nothing(_: re.Match[str]) -> str:
    return ""


def _replaced(text: str, pattern: re.Pattern[str], replaced: Callable[[re.Match[str]], str]) -> Tuple[str, _Step]:
    step, pieces, length, begin = _Step([], []), [], 0, 0
    for match in pattern.finditer(text):
        for piece, place in ((text[begin : match.start()], begin), (replaced(match), match.start())):
            step.after.append(length)
            step.before.append(place)
            pieces.append(piece)
            length += len(piece)
        begin = match.end()
    step.after.append(length)
    step.before.append(begin)
    return "".join([*pieces, text[begin:]]), step


def _source(steps: List[_Step], span: Span) -> Span:
    for step in steps:
        span = step.source(span)
    return span


def _found(forms: List[_Form], plain: str) -> Iterator[Tuple[_Form, Span]]:
    """Yield where a form stands, and where its beginning stands before dots that say that it was cut."""
    for form in forms:
        place = plain.find(form.text)
        while place >= 0:
            yield form, (place, place + len(form.text))
            place = plain.find(form.text, place + len(form.text))
    beginnings: Dict[str, List[Tuple[_Form, int]]] = {}  # by how they end: there may be dots everywhere
    for form in forms:
        for length in range(SHORTEST, len(form.text)):
            beginnings.setdefault(form.text[length - SHORTEST : length], []).append((form, length))
    for dots in DOTS.finditer(plain):
        end = dots.start()
        escape = CUT_ESCAPE.search(plain, max(0, end - LONGEST_CUT_ESCAPE), end)
        for last in (end, escape.start()) if escape else (end,):
            for form, length in beginnings.get(plain[max(0, last - SHORTEST) : last], ()):
                if plain.endswith(form.text[:length], 0, last):
                    yield form, (last - length, end)


def _masked(text: str, found: List[Tuple[Span, bool]]) -> str:
    masked: List[str] = []
    done = 0
    for (start, end), is_base64 in sorted(found):
        while is_base64 and start > done and text[start - 1] in BASE64:
            start -= 1
        if end > done:
            masked += [text[done:start], MASK] if start > done or not masked else []
            done = end
        while is_base64 and done < len(text) and text[done] in BASE64:
            done += 1
    return "".join([*masked, text[done:]])
