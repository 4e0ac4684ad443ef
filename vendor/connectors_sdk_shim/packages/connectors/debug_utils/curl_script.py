"""A request as a line for the shell."""

from __future__ import annotations

import json
import shlex
from typing import Any, Dict, Optional
from urllib.parse import urlencode


def make_curl(
    method: str,
    url: str,
    headers: Optional[Dict[str, str]] = None,
    params: Optional[Dict[str, Any]] = None,
    data: Any = None,
    verify_ssl: bool = True,
) -> str:
    """Return the curl command that sends the same request.

    Differs from the appliance's: the value of ``Authorization`` is masked here, so that no caller can forget to.
    """
    words = ["curl", "-X", method.upper()]
    for name, value in (headers or {}).items():
        words += ["-H", f"{name}: {'***' if name.lower() == 'authorization' else value}"]
    if data:
        words += ["--data", data if isinstance(data, str) else json.dumps(data)]
    if not verify_ssl:
        words.append("--insecure")
    words.append(f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url)
    return " ".join(map(shlex.quote, words))
