"""Ids, paths and origins: nothing that an analyst types or a product answers can lead a request elsewhere."""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache
from typing import Any, NamedTuple, Optional, Union
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

# re.ASCII: \d alone also matches other scripts' digits. At most 19 digits: the ids are 64-bit integers.
SIGNED_ID = re.compile(r"-?[1-9][0-9]{0,18}", re.ASCII)
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)
BROKEN_ENCODING = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)
PLAIN_ENDPOINT = re.compile(r"(/[a-z0-9_-]+)+", re.ASCII)
ID = "{id}"  # stands for an incident in the address of its page
DEFAULT_PORTS = {"https": 443, "http": 80}
# Where clouds keep their metadata beside the link-local addresses: Alibaba, Azure, Oracle; Amazon, Google.
METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
# Forms of an IPv4 address in IPv6, and how many bits follow it: NAT64, 6to4, translated, compatible.
EMBEDDING = tuple(
    (ipaddress.IPv6Network(network), behind)
    for network, behind in (
        ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0),
        ("2002::/16", 80),
        ("::ffff:0:0:0/96", 0),
        ("::/96", 0),
    )
)
LEAST_COMPATIBLE = 2**16  # ::1 is an address of its own
MOST_ENCODED = 3  # times that a part of a path may have been encoded


def signed_id(value: Any) -> Optional[int]:
    """Return the id that an integer or its text names, None if it is not one. Ids of anomalies are negative."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    return int(text) if SIGNED_ID.fullmatch(text) else None


def path(template: str, **values: Union[int, str]) -> str:
    """Fill a path template, each value as one segment that cannot become another path.

    Raises ValueError for an empty segment, ``.`` and ``..``, which clients and servers collapse.
    """
    return template.format(**{name: _segment(value) for name, value in values.items()})


def _segment(value: Union[int, str]) -> str:
    if isinstance(value, int):
        return str(value)
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} cannot be a part of a path")
    return quote(value, safe="")


class Origin(NamedTuple):
    """What must be equal for two URLs to be of the same server."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")


class BaseUrl(NamedTuple):
    """A product's address: its origin, and the path that all its endpoints begin with ("" or "/v2")."""

    origin: Origin
    path: str

    def url(self, endpoint: str) -> str:
        """Return the URL of an endpoint, which begins with a slash."""
        return f"{self.origin}{self.path}{endpoint}"

    def endpoint_of(self, url: str) -> Optional[str]:
        """Return the endpoint that a URL of this product names, None for any other URL.

        A relative URL counts as one of this product. Query and fragment are dropped.
        """
        text = url.strip()
        prefix = f"{self.origin}{self.path}"
        if text.startswith(prefix) and PLAIN_ENDPOINT.fullmatch(text, len(prefix)):
            return text[len(prefix) :]  # as most are, without the cost of parsing
        if not text.isprintable():
            return None  # urlsplit drops tabs and line breaks, so that /outage/1<tab>2 would name incident 12
        try:
            parts = urlsplit(urljoin(self.url("/"), text))
            origin = _origin(parts)
        except ValueError:
            return None
        if parts.username is not None or parts.password is not None or origin != self.origin:
            return None
        inside = parts.path.startswith(f"{self.path}/")
        return parts.path[len(self.path) :] if inside else None

    def given_endpoint(self, text: str) -> str:
        """Return the endpoint that an analyst names: a path that begins with a slash, or a URL of this product.

        Raises ValueError with the reason, which continues "<the text> ...".
        """
        text = text.strip()
        if not text.isascii() or not text.isprintable() or any(each in text for each in "?#\\ "):
            raise ValueError("must be a plain path without a query")
        endpoint = text if text.startswith("/") else self.endpoint_of(text) if "://" in text else None
        if endpoint is None:
            raise ValueError(f"is neither a path that begins with / nor a URL of {self.origin}{self.path}")
        if "//" in endpoint or not _is_plain(endpoint):
            raise ValueError("must be a plain path")
        return quote(endpoint, safe="/-._~%:,@=")


@lru_cache(maxsize=64)
def base_url(text: str) -> BaseUrl:
    """Parse a product's address: a host, host:port, or URL.

    Raises ValueError with the reason. Plain http is for loopback alone. Link-local addresses (where clouds keep
    their metadata) and unspecified ones are refused; private ones are not, since FortiSIEM lives there.
    """
    parts = _plain_parts(text.strip())
    origin = _origin(parts)
    _check_reach(origin)
    return BaseUrl(origin, quote(parts.path.rstrip("/"), safe="/-._~%"))


def _plain_parts(text: str) -> SplitResult:
    if not text.isprintable():
        raise ValueError("it has invisible characters in it")  # some would be dropped, others be part of every path
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it must not contain a user name or a password")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("it must not contain a query or a fragment")
    if "\\" in text or not _is_plain(parts.path):
        raise ValueError("its path must be plain")
    return parts


def _check_reach(origin: Origin) -> None:
    address = _address(origin.host)
    if address is not None and (address.is_link_local or address.is_unspecified or address in METADATA):
        raise ValueError("link-local and unspecified addresses, and those of a cloud's metadata, are not allowed")
    if origin.scheme == "http" and not (origin.host == "localhost" or (address is not None and address.is_loopback)):
        raise ValueError("it must begin with https://; plain http is allowed for this machine alone")


def check_proxy(text: str) -> None:
    """Raise ValueError with the reason where a text is no URL of a proxy. The reason never quotes it."""
    if "@" in text:  # a text field is stored and shown in clear
        raise ValueError("its user name and password belong in Proxy Username and Proxy Password")
    scheme, _, place = text.partition("://")
    if (
        scheme.lower() not in DEFAULT_PORTS
        or not place
        or not text.isprintable()
        or any(each in place for each in " ?#\\")
    ):
        raise ValueError("it must look like http://proxy.example.com:3128")
    parts = urlsplit(f"{scheme}://{place}")
    _origin(parts)
    if parts.path not in ("", "/"):
        raise ValueError("it must not have a path")


def check_web_url(text: str) -> None:
    """Raise ValueError with the reason where a text is no address of a page that a browser opens.

    ``{id}`` may stand for an incident's ID in its path, or in a query or fragment, which it has for that alone.
    """
    if text.partition("://")[0].lower() not in DEFAULT_PORTS:
        raise ValueError("it must begin with https:// or http://")
    if any(brace in text.replace(ID, "") for brace in "{}"):
        raise ValueError("{id} is all that may stand in braces")
    page = re.split("[?#]", text, maxsplit=1)[0]
    names_one_by_query = ID in text[len(page) :] and text.isprintable()
    _origin(_plain_parts(page if names_one_by_query else text))


def page_url(template: str, incident_id: int) -> str:
    """Return the address of an incident's page."""
    return template.replace(ID, str(incident_id))


def with_credentials(url: str, username: str, password: str) -> str:
    """Return the URL of a proxy with what signs in there; without a proxy, "" all the same."""
    scheme, mark, place = url.partition("://")
    credentials = ":".join(quote(each, safe="") for each in (username, password) if each)
    return f"{scheme}{mark}{credentials}@{place}" if url and credentials else url


def unquoted(text: str) -> str:
    """Return a path without percent encoding, however often it was encoded."""
    for _ in range(MOST_ENCODED):
        text = unquote(text)
    return text


def _is_plain(text: str) -> bool:
    """Tell whether a path has no dots that collapse, written out or not, and no broken percent encoding."""
    if BROKEN_ENCODING.search(text):
        return False
    for _ in range(MOST_ENCODED):
        if any(segment in (".", "..") for segment in re.split(r"[/\\]", text)):
            return False
        text = unquote(text)
    return True


def _origin(parts: SplitResult) -> Origin:
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("it must begin with https://")
    host = (parts.hostname or "").rstrip(".")
    if not host:
        raise ValueError("it has no host name")
    if _address(host) is None and not HOST_NAME.fullmatch(host):
        raise ValueError("its host name has characters that do not belong there")
    return Origin(parts.scheme, host, _port(parts))


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port must be a number from 1 to 65535")
    return port or DEFAULT_PORTS[parts.scheme]


def _address(host: str) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _number_address(host)
    return _embedded(address) if isinstance(address, ipaddress.IPv6Address) else address


def _embedded(address: ipaddress.IPv6Address) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address]:
    """Return the IPv4 address that an IPv6 address is another form of, else the address itself without its zone."""
    number = int(address)
    if address.ipv4_mapped:
        return address.ipv4_mapped
    for network, behind in EMBEDDING:
        if ipaddress.IPv6Address(number) in network and number >= LEAST_COMPATIBLE:
            return ipaddress.IPv4Address(number >> behind & 0xFFFFFFFF)
    return ipaddress.IPv6Address(number)


def _number_address(host: str) -> Optional[ipaddress.IPv4Address]:
    # The system's resolver also takes 2852039166 and 0xa9.254.43518 for 169.254.169.254.
    if not re.fullmatch(r"[0-9a-fx.]+", host, re.ASCII) or not host[0].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
