"""Plain text of what FortiSOAR's rich text fields hold. What is no HTML stays as it is, to the letter.

Records hold log lines, and logs hold ``a < b``, ``<192.0.2.1>`` and the markup of attacks. So a text counts as HTML
only where it has a block that is opened and closed, or a line break, as a rich text always has; and within one, only
the tags of written text are taken for tags.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import List, Optional, Tuple

BLOCKS = "blockquote|div|h[1-6]|ol|p|pre|table|ul"
KNOWN = (
    f"{BLOCKS}|a|abbr|b|br|caption|code|col|colgroup|dd|del|dl|dt|em|figcaption|figure|font|hr|i|img|ins|li|mark|s|small"
    "|span|strike|strong|sub|sup|tbody|td|tfoot|th|thead|tr|u"
)
REST = r"(?:\s[^<>]*)?/?>"  # of a tag, behind its name
OPENED, CLOSED = re.compile(f"<({BLOCKS}){REST}", re.I), re.compile(rf"</({BLOCKS})\s*>", re.I)
LINE_BREAK = re.compile(f"<br{REST}", re.I)
NO_TAG = re.compile(f"<(?!/?(?:{KNOWN}){REST})", re.I)
NO_ENTITY = re.compile(r"&(?!#?[0-9A-Za-z]{1,32};)")  # as in a URL's query
OWN_LINES = re.compile(f"(?:{BLOCKS}|caption|dd|dl|dt|figcaption|figure|hr|li|tr)")
CELLS = ("td", "th")
ITEM = "- "


def plain_text(text: str) -> str:
    """Return a text without its HTML, as lines; one that is no HTML as it is."""
    if not _is_html(text):
        return text
    lines = _Lines()
    lines.feed(NO_ENTITY.sub("&amp;", NO_TAG.sub("&lt;", text)))
    lines.close()
    shown = "".join(lines.parts).replace("\xa0", " ")
    return "\n".join(line.rstrip() for line in shown.split("\n")).strip()


def _is_html(text: str) -> bool:
    opened, closed = ({name.lower() for name in tags.findall(text)} for tags in (OPENED, CLOSED))
    return bool(opened & closed or LINE_BREAK.search(text))


class _Lines(HTMLParser):
    """Gathers what the text shows as ``parts``."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: List[str] = []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        """Begin a line, and an item of a list with a dash."""
        if tag == "br":
            self.parts.append("\n")
        elif OWN_LINES.fullmatch(tag):
            self._break()
        if tag == "li":
            self.parts.append(ITEM)

    def handle_endtag(self, tag: str) -> None:
        """End a line, or a cell of a table."""
        if tag in CELLS:
            self.parts.append(" ")
        elif OWN_LINES.fullmatch(tag):
            self._break()

    def handle_data(self, data: str) -> None:
        """Take text, but for line breaks between tags."""
        if data.strip() or "\n" not in data:
            self.parts.append(data)

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith(("\n", ITEM)):
            self.parts.append("\n")
