"""Bytes to text and text to values, as products really send them. Every step takes linear time and bounded memory."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Optional

from ..values import EXACT

MOST_NESTED = 100  # levels; what is deeper would end the walk of whoever works with it
MOST_DIGITS = 309  # of a whole number; beyond that no double holds it
REPLACEMENT = "\ufffd"

# Only these: Python looks for others among its modules, and keeps what it did not find for ever.
CHARSETS = (
    r"(?ai)utf-?8|utf-?(16|32)([-_]?[bl]e)?|(us-)?ascii|iso[-_]?8859[-_]\d{1,2}|latin-?\d{1,2}|(windows|cp)-?125\d|cp\d{3}"
    r"|gbk|gb2312|gb18030|big5|shift[-_]jis|euc[-_](jp|kr)|koi8[-_][ru]"
)
CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';,]+)", re.I)

STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.S)
NO_BRACKETS = re.compile(r"[^][{}]+")
UNSTORABLE = re.compile(r"\\u(?:0000|d[89a-f])", re.I)  # half of a pair, or NUL, which databases refuse

BEFORE_THE_FIRST_TAG = re.compile(r"\s+|<!--.*?-->|<\?.*?>", re.S)
FIRST_TAG = re.compile(r"<(!doctype\s+)?([a-z][a-z0-9]*)", re.I | re.ASCII)
TAGS_OF_PAGES = (
    r"(?i)html|head|body|title|meta|link|base|script|noscript|style|frameset|iframe|div|span|p|a|b|br|center|font|form"
    r"|table|img|pre|main|header|nav|section|article|h[1-6]"
)


class TooLong(Exception):
    """What was compressed is longer than what is taken."""


class Undecodable(Exception):
    """A content encoding that is not what it says, or not known."""


def decompressed(body: bytes, encodings: str, most: int) -> bytes:
    """Return a body without its content encodings.

    Parameters:
        encodings: the value of ``Content-Encoding``, in the order in which they were applied.
        most: bytes that are taken.
    Raises: TooLong, as soon as it gets longer; Undecodable.
    """
    for encoding in reversed([each.strip().lower() for each in encodings.split(",")]):
        if encoding in ("gzip", "x-gzip"):
            body = _inflated(body, (zlib.MAX_WBITS | 16,), most)
        elif encoding == "deflate":  # with zlib's header, as it should be, or bare, as some servers send it
            body = _inflated(body, (zlib.MAX_WBITS, -zlib.MAX_WBITS), most)
        elif encoding not in ("", "identity", "none"):
            raise Undecodable(f"the content encoding {encoding[:20]!r}, which was not asked for")
    return body


def _inflated(body: bytes, windows: Any, most: int) -> bytes:
    for window in windows:
        try:
            return _members(body, window, most)
        except zlib.error:
            continue
    raise Undecodable("a content encoding that the content does not have")


def _members(body: bytes, window: int, most: int) -> bytes:
    """Inflate one member after the other; ``gzip`` allows several. Zeros behind them fill up."""
    out = b""
    while body:
        inflating = zlib.decompressobj(window)
        out += inflating.decompress(body, most + 1 - len(out))
        if len(out) > most:
            raise TooLong
        if not inflating.eof:
            raise Undecodable("a compressed body that is cut")
        body = inflating.unused_data.lstrip(b"\0")
    return out


def text_of(body: bytes, content_type: str) -> str:
    """Return a body's text without white space around it; bytes that make no sense are replaced.

    A byte order mark tells the charset, else ``Content-Type``, else it is UTF-8.
    """
    declared = CHARSET.search(content_type)
    charset: str = json.detect_encoding(body) if body else "utf-8"
    if declared and charset == "utf-8" and re.fullmatch(CHARSETS, declared.group(1)):
        charset = declared.group(1)
    try:
        text = body.decode(charset, "replace")
    except LookupError:  # an ISO 8859 that there is not
        text = body.decode("utf-8", "replace")
    return text.strip(" \t\r\n\f\v\0\ufeff").replace("\0", REPLACEMENT)


def json_value(text: str) -> Any:
    """Return a JSON text's value. Raises ValueError where it is none, or nested too deeply to be worked with.

    Taken as they are meant: raw control characters in texts; NaN and infinity, which become null, as does a number
    that no double holds; whole numbers written as doubles. NUL and halves of surrogate pairs in texts are replaced.
    Of two members with one name the last counts. Anything behind the value makes it no JSON.
    """
    if is_deep(text):
        raise ValueError("nested too deeply")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _storable(value) if UNSTORABLE.search(text) else value


def is_deep(text: str) -> bool:
    """Tell whether a JSON text is nested more deeply than anything of use."""
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return False
    depth = 0
    for bracket in NO_BRACKETS.sub("", STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_NESTED:
            return True
    return False


def is_web_page(text: str, is_declared: bool) -> bool:
    """Tell whether a text begins as a web page does. What it holds further on is no sign: that may be data.

    Parameters:
        is_declared: whether ``Content-Type`` says that it is one; then any tag at the beginning makes it one.
    """
    start = 0
    while found := BEFORE_THE_FIRST_TAG.match(text, start):
        start = found.end()
    tag = FIRST_TAG.match(text, start)
    if tag and re.fullmatch(TAGS_OF_PAGES, tag.group(2)):
        return True
    return is_declared and text.startswith("<", start)


def _from_double(text: str) -> Any:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return None
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def _from_digits(text: str) -> Optional[int]:
    return int(text) if len(text) <= MOST_DIGITS else None


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", REPLACEMENT)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value


_DECODER = json.JSONDecoder(
    strict=False, parse_constant=lambda _: None, parse_float=_from_double, parse_int=_from_digits
)
