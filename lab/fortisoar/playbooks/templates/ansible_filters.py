"""The lesser filters of Ansible's set: names of files, addresses, numbers, times, and lists from lists.

Left out is what reads the machine's own files, what makes passwords, and what works on networks' addresses.
"""

from __future__ import annotations

import itertools
import math
import ntpath
import posixpath
from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urlsplit

from .bounds import listed

Filter = Callable[..., Any]
URL_PARTS = ("scheme", "netloc", "path", "query", "fragment", "username", "password", "hostname", "port")


def filters_of_ansible() -> dict[str, Filter]:
    """Return the filters by name."""
    return _names() | _numbers() | _lists() | {"urlsplit": _urlsplit, "to_datetime": _to_datetime}


def _names() -> dict[str, Filter]:
    return {
        "basename": posixpath.basename,
        "dirname": posixpath.dirname,
        "splitext": posixpath.splitext,
        "path_join": lambda paths: paths if isinstance(paths, str) else posixpath.join(*paths),
        "win_basename": ntpath.basename,
        "win_dirname": ntpath.dirname,
        "win_splitdrive": ntpath.splitdrive,
    }


def _numbers() -> dict[str, Filter]:
    return {
        "log": lambda number, base=math.e: math.log(number) if base == math.e else math.log(number, base),
        "pow": math.pow,
        "root": lambda number, base=2: math.sqrt(number) if base == 2 else math.pow(number, 1 / base),
    }


def _lists() -> dict[str, Filter]:
    return {
        "combinations": lambda items, size: listed(itertools.combinations(items, size)),
        "permutations": lambda items, size=None: listed(itertools.permutations(items, size)),
        "product": lambda *lists, repeat=1: listed(itertools.product(*lists, repeat=repeat)),
        "zip_longest": lambda *lists, fillvalue=None: list(itertools.zip_longest(*lists, fillvalue=fillvalue)),
        "shuffle": _shuffle,
        "extract": _extract,
        "subelements": _subelements,
        "rekey_on_member": _rekey,
    }


def _shuffle(items: Iterable[Any], seed: Any = None) -> list[Any]:
    mixed = list(items)
    Random(seed).shuffle(mixed)  # noqa: S311  nothing secret
    return mixed


def _extract(key: Any, container: Any, more: Any = None) -> Any:
    keys = [] if more is None else more if isinstance(more, list) else [more]
    for one in [key, *keys]:
        container = container[one]
    return container


def _subelements(items: Any, path: Any, skip_missing: bool = False) -> list[tuple[Any, Any]]:
    """Return each item beside each element of a list in it; ``path`` leads to the list."""
    names = path if isinstance(path, list) else str(path).split(".")
    pairs = []
    for item in items.values() if isinstance(items, dict) else items:
        found = item
        for name in names:
            if skip_missing and name not in found:
                found = []
                break
            found = found[name]
        pairs += [(item, one) for one in found]
    return pairs


def _rekey(rows: Any, key: str, duplicates: str = "error") -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for row in rows.values() if isinstance(rows, dict) else rows:
        if row[key] in found and duplicates == "error":
            raise ValueError(f"{row[key]!r} stands twice")
        found[row[key]] = row
    return found


def _urlsplit(address: str, part: str = "") -> Any:
    parts = urlsplit(address)
    found = {name: getattr(parts, name) for name in URL_PARTS}
    if part and part not in found:
        raise ValueError(f"urlsplit knows no {part}")
    return found[part] if part else found


def _to_datetime(text: str, form: str = "%Y-%m-%d %H:%M:%S") -> datetime:
    return datetime.strptime(text, form)
