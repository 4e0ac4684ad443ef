"""Connections kept open between calls, each used by one request at a time.

A new TLS connection for each call costs five times the processor time and two round trips more (performance
reference, 5.1). There are no cookies: a session of ``requests`` would keep them, and send one account's with another
one's request.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager, suppress
from typing import Dict, NamedTuple, Optional, Tuple
from urllib.parse import unquote

import requests
import urllib3
from requests.utils import select_proxy

from ..certificates import certificates_in
from ..process_state import STATE
from ..urls import Origin
from .connection import StrictAdapter, TlsContext, is_address


class ConnectionSettings(NamedTuple):
    """How a server is reached, and by whom: everything that two calls must share to share a connection.

    Parameters:
        origin: the server.
        account: the fingerprint of the account on it.
        verify: whether its certificate is verified.
        ca_certificate: PEM text of an own certificate authority, or "".
        proxy: URL of a proxy, or "" for the appliance's own settings.
    """

    origin: Origin
    account: str = ""
    verify: bool = True
    ca_certificate: str = ""
    proxy: str = ""


class Session:
    """Open connections to one server.

    Parameters:
        settings: how it is reached.

    ``proxy_credentials`` are what no message may say of the proxy on the way.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._adapter = StrictAdapter(_tls_context(settings))
        self._verify = settings.verify
        # The environment's proxies are read once, here; its netrc and CA bundle are shut out.
        self._proxies = _proxies(settings)
        self.proxy_credentials = _proxy_credentials(settings.origin, self._proxies)

    def send(self, request: requests.PreparedRequest, timeout: Tuple[float, float]) -> requests.Response:
        """Send a request and return its answer, whose body is still to be read. Redirects are not followed."""
        return self._adapter.send(request, stream=True, timeout=timeout, verify=self._verify, proxies=self._proxies)

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def session(settings: ConnectionSettings) -> AbstractContextManager[Session]:
    """Lend a session, for one exchange."""
    return STATE.sessions.lent(settings, lambda: Session(settings))


def shown_proxy(settings: ConnectionSettings) -> str:
    """Return the proxy that a server is reached through as messages show it, without credentials; "" for none."""
    scheme, _, place = _proxy(settings.origin, _proxies(settings))
    return f"{scheme}{place}"


def _proxy_credentials(origin: Origin, proxies: Dict[str, str]) -> Tuple[str, ...]:
    """Return the password in the URL of the proxy on the way, as it is written and as it is meant; a name alone too."""
    name, colon, password = _proxy(origin, proxies)[1].partition(":")
    secret = password if colon else name
    return (secret, unquote(secret)) if secret else ()


def _proxy(origin: Origin, proxies: Dict[str, str]) -> Tuple[str, str, str]:
    """Return the proxy on the way: "http://" where it is given, the credentials, and host and port."""
    url = select_proxy(str(origin), proxies) or ""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)  # as the environment may
    credentials, _, place = rest.rpartition("@")
    return scheme + mark, credentials, place


def _proxies(settings: ConnectionSettings) -> Dict[str, str]:
    if settings.proxy:
        return {settings.origin.scheme: settings.proxy}
    return requests.utils.get_environ_proxies(str(settings.origin))


def _tls_context(settings: ConnectionSettings) -> ssl.SSLContext:
    # Shared by the threads of a process: reading the trusted certificates takes 18 ms of processor time.
    address = settings.origin.host if is_address(settings.origin.host) else None
    key = (settings.verify, settings.ca_certificate, address)
    context: ssl.SSLContext = STATE.tls_contexts.get_or_make(key, lambda: _new_tls_context(*key))
    return context


def _new_tls_context(verify: bool, ca_certificate: str, address: Optional[str]) -> ssl.SSLContext:
    context = TlsContext(ssl.PROTOCOL_TLS_CLIENT)
    context.address = address
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify:
        context.load_default_certs()
        with suppress(OSError):  # a system may go without the bundle of requests
            context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
        if ca_certificate:
            context.load_verify_locations(cadata=certificates_in(ca_certificate))
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # The health check and the documentation say that verification is off; a warning for every call says no more.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return context
