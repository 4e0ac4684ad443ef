"""Plain text of what FortiSOAR's rich text fields hold. What is no HTML stays as it is, to the letter.

Records hold log lines, and logs hold ``a < b``, ``<192.0.2.1>`` and the markup of attacks. So a text counts as HTML
only where it has a block that is opened and closed, or a line break, as a rich text always has; and within one, only
the tags of written text are taken for tags. JSON and XML are none, whatever stands in them. The body of a mail may be a
whole document of HTML, which says so where it begins.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any, List, Optional, Tuple

BLOCKS = "blockquote|div|figure|h[1-6]|ol|p|pre|table|ul"
KNOWN = (
    f"{BLOCKS}|a|abbr|b|br|caption|code|col|colgroup|dd|del|dl|dt|em|figcaption|font|hr|i|img|ins|li|mark|s|small"
    "|span|strike|strong|sub|sup|tbody|td|tfoot|th|thead|tr|u"
)
UNSEEN = "script|style|title"
OF_DOCUMENTS = f"!doctype|body|center|head|html|link|meta|o:p|{UNSEEN}"
REST = r"(?:\s[^<>]*)?/?>"  # of a tag, behind its name
OPENED, CLOSED = re.compile(f"<({BLOCKS}){REST}", re.I), re.compile(rf"</({BLOCKS})\s*>", re.I)
LINE_BREAK = re.compile(f"<br{REST}", re.I)
NO_TAG = re.compile(f"<(?!/?(?:{KNOWN}){REST})", re.I)
NO_TAG_OF_DOCUMENTS = re.compile(f"<(?!/?(?:{KNOWN}|{OF_DOCUMENTS}){REST})", re.I)
DOCUMENT = re.compile(r"\s*(?:<\?xml[^<>]*>\s*)?<(?:!doctype\s+html|html)[\s>]", re.I)
XML = re.compile(r"\s*<\?xml\s")
NO_ENTITY = re.compile(r"&(?!#?[0-9A-Za-z]{1,32};)")  # as in a URL's query
OWN_LINES = re.compile(f"(?:{BLOCKS}|caption|center|dd|dl|dt|figcaption|hr|li|tr)")
CELLS = ("td", "th")
ITEM = "- "


def plain_text(text: str) -> str:
    """Return a text without its HTML, as lines; one that is no HTML as it is."""
    if DOCUMENT.match(text):
        no_tag, text = NO_TAG_OF_DOCUMENTS, _without_comments(text)
    elif _is_html(text):
        no_tag = NO_TAG
    else:
        return text
    lines = _Lines()
    lines.feed(NO_ENTITY.sub("&amp;", no_tag.sub("&lt;", text)))
    lines.close()
    shown = "".join(lines.parts).replace("\xa0", " ")
    return "\n".join(line.rstrip() for line in shown.split("\n")).strip()


def _is_html(text: str) -> bool:
    opened, closed = ({name.lower() for name in tags.findall(text)} for tags in (OPENED, CLOSED))
    has_html = bool(opened & closed or LINE_BREAK.search(text))
    return has_html and not XML.match(text) and not _is_json(text)


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[", '"')):
        return False
    try:
        json.loads(text)
    except RecursionError:  # it is nested too deeply, and no text that was written
        return True
    except ValueError:
        return False
    return True


def _without_comments(text: str) -> str:
    # No expression: it would look for the end of each comment anew, up to the end of the text.
    first, *others = text.split("<!--")
    return first + "".join(each.partition("-->")[2] if "-->" in each else f"<!--{each}" for each in others)


class _Lines(HTMLParser):
    """Gathers what the text shows as ``parts``."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: List[str] = []
        self._unseen: Optional[int] = None  # where among them what nobody sees begins

    def set_cdata_mode(self, elem: str, **_: Any) -> None:
        """Read a script or style as any other text: one that never ends would hide all that follows."""

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        """Begin a line, and an item of a list with a dash."""
        if tag == "br":
            self.parts.append("\n")
        elif OWN_LINES.fullmatch(tag):
            self._break()
        elif re.fullmatch(UNSEEN, tag) and self._unseen is None:
            self._unseen = len(self.parts)
        if tag == "li":
            self.parts.append(ITEM)

    def handle_endtag(self, tag: str) -> None:
        """End a line, or a cell of a table."""
        if tag in CELLS:
            self.parts.append(" ")
        elif OWN_LINES.fullmatch(tag):
            self._break()
        elif re.fullmatch(UNSEEN, tag) and self._unseen is not None:
            del self.parts[self._unseen :]
            self._unseen = None

    def handle_data(self, data: str) -> None:
        """Take text, but for line breaks between tags."""
        if data.strip() or "\n" not in data:
            self.parts.append(data)

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith(("\n", ITEM)):
            self.parts.append("\n")
