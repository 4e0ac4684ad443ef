"""Byte code beside an unpacked connector, as on an appliance: else each worker compiles all its modules for itself."""

from __future__ import annotations

import marshal
import warnings
from contextlib import suppress
from functools import lru_cache
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

CHECKED_HASH = (0b11).to_bytes(4, "little")  # PEP 552: Python looks at the source's hash before it takes the code

# What a compiler has against other people's source is told where it is run: in the workers' log.
warnings.filterwarnings("ignore", module="unpacked")


def write_byte_code(folder: Path) -> None:
    """Put the byte code of each module of a folder where Python looks for it.

    What cannot be compiled is left out, and so is what an archive's odd names leave no place for.
    """
    for path in folder.rglob("*.py"):
        with suppress(OSError):
            code = _compiled(path.read_bytes())
            if code is not None:
                place = Path(cache_from_source(str(path)))
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(code)


@lru_cache(maxsize=500)
def _compiled(source: bytes) -> bytes | None:
    """Return a source's byte code, None for what is no Python: that is told where it is run, too.

    The same connector is installed again and again where tests are run.
    """
    try:
        code = compile(source, "unpacked", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return MAGIC_NUMBER + CHECKED_HASH + source_hash(source) + marshal.dumps(code)
