"""The marker by which a custom incident is known again: what a correlation ID becomes in FortiMonitor.

Nothing public settles whether FortiMonitor shows an incident's metadata, and how much of a description it keeps. So the
marker stands at the beginning of the description, where cutting does not reach it: a tag of letters and digits, which
nothing escapes, folds or normalises. Its place guards it: whatever analysts and products write comes behind it. The
correlation ID itself follows at the end, and in the metadata, for people to read.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, Dict, NamedTuple, Optional

from ...core.errors import shown
from ...core.texts import survivors

TAG = re.compile(r"\W{0,8}(fsr[a-z2-7]{16})(?![a-z0-9])\]?\s?", re.I | re.ASCII)
LONGEST = 200  # characters of a correlation ID; in metadata, others may write longer ones
CORRELATION_ID = rf"[^\[\]\x00-\x1f\x7f\u2028\u2029]{{1,{LONGEST}}}"
ANY_TAG = r"(?ai)(?<![a-z0-9])fsr[a-z2-7]{16}(?![a-z0-9])"
READABLE = rf"\[correlation_id: ({CORRELATION_ID})\]"  # texts, which are compiled at first use
# FortiMonitor may render the metadata behind it, in lines of their own; they have the same ID then.
RENDERED = r"\s[^\[\]]*?(?<=\s)correlation_id: \1(?:\s[^\[\]]*)?"
READABLE_LAST = rf"{READABLE}(?:{RENDERED}|\s*)\Z"
# Whatever follows the tag: a product may cut a text right behind it.
WRITTEN_AS_MARKER = re.compile(r"\[\s*correlation_id\s*:|\A\W{0,8}fsr[a-z2-7]{16}", re.I | re.ASCII)
END = 1500  # in which the readable form stands, escaped or not


class Marker(NamedTuple):
    """What an incident carries: the tag of its correlation ID, and the ID itself where it can be read."""

    tag: Optional[str] = None
    correlation_id: Optional[str] = None

    def is_of(self, correlation_id: str) -> bool:
        """Tell whether it is that of a correlation ID. Incidents that other tools made have no tag."""
        if self.tag is not None:
            return self.tag == tag_of(correlation_id)
        return self.correlation_id == correlation_id

    def __bool__(self) -> bool:
        return self.tag is not None or self.correlation_id is not None

    def __str__(self) -> str:
        if self.correlation_id is not None:
            return f"correlation id {shown(self.correlation_id, LONGEST)}"
        return f"the marker {self.tag} of another correlation id" if self.tag else "no correlation id"


def is_correlation_id(text: str) -> bool:
    """Tell whether a text can be a correlation ID: it is found again where it stands in a description."""
    return re.fullmatch(CORRELATION_ID, text) is not None


def tag_of(correlation_id: str) -> str:
    """Return the tag that stands for a correlation ID."""
    digest = hashlib.sha256(correlation_id.encode("utf-8", "surrogatepass")).digest()[:10]
    return f"fsr{base64.b32encode(digest).decode('ascii').lower()}"


def marked(description: str, correlation_id: str) -> str:
    """Return a description that carries the marker."""
    return f"[{tag_of(correlation_id)}] {description}\n[correlation_id: {correlation_id}]"


def remarked(description: str, marker: Marker) -> str:
    """Return a new description for an incident that goes on carrying its marker."""
    if marker.correlation_id is not None:
        return marked(description, marker.correlation_id)
    return f"[{marker.tag}] {description}" if marker.tag else description


def marker_in(metadata: Dict[str, Any], description: str) -> Marker:
    """Return the marker that an outage carries, read from its description and metadata as they are shown."""
    text = survivors(description)
    found = TAG.match(text)
    named = metadata.get("correlation_id")
    named = named if isinstance(named, str) and named else None
    if found is None:
        return Marker(None, named or _readable(description, text))
    tag = found.group(1).lower()
    # What else is there may be cut, escaped, or written by somebody; metadata may follow it in lines of its own.
    told = [named, *re.findall(READABLE, _end(description))]
    return Marker(tag, next((each for each in told if each is not None and tag_of(each) == tag), None))


def without_marker(description: str) -> str:
    """Return what a description says besides its marker."""
    text = description[:-END] + re.sub(READABLE_LAST, "", description[-END:])
    return TAG.sub("", text, count=1).strip() if TAG.match(text) else text.strip()


def written_marker(text: str) -> Optional[str]:
    """Return what of a text could be taken for a marker, if it became a description or a part of one."""
    found = WRITTEN_AS_MARKER.search(survivors(text))
    return found.group(0) if found else None


def _readable(description: str, text: str) -> Optional[str]:
    """Return the ID in the last line. Where a product wrote something before the tag, only the ID of the first tag.

    The description may be cut in its turn, and end with an ID that it merely quotes.
    """
    found, tag = re.search(READABLE_LAST, _end(description)), re.search(ANY_TAG, text)
    if found is None or (tag and tag_of(found.group(1)) != tag.group(0).lower()):
        return None
    return found.group(1)


def _end(description: str) -> str:
    from html import unescape

    return unescape(description[-END:])
