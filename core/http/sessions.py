"""Connections kept open between calls: one session for each process, thread, server and kind of TLS.

FortiSOAR makes a new ``Connector`` for every call in long-lived workers. A new TLS connection for each call costs
five times the processor time and two round trips more (performance reference, 5.1).
"""

from __future__ import annotations

import os
import ssl
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests
import urllib3

from ..urls import Origin
from .connection import StrictAdapter

KEPT_PER_THREAD = 8


@dataclass(frozen=True)
class ConnectionSettings:
    """How a server is reached: everything that two calls must share to share a connection.

    Parameters:
        origin: the server.
        verify: whether its certificate is verified.
        ca_certificate: PEM text of an own certificate authority, or "".
        proxy: URL of a proxy, or "" for the appliance's own settings.
    """

    origin: Origin
    verify: bool = True
    ca_certificate: str = ""
    proxy: str = ""


class _Kept(threading.local):
    def __init__(self) -> None:
        self.sessions: OrderedDict[Any, requests.Session] = OrderedDict()


_kept = _Kept()
_all: weakref.WeakSet[requests.Session] = weakref.WeakSet()
_lock = threading.Lock()


def session(connecting: ConnectionSettings) -> requests.Session:
    """Return this thread's session for a server, made at first use; the least used one is closed beyond 8."""
    key = (os.getpid(), connecting)
    if key not in _kept.sessions:
        _kept.sessions[key] = _new_session(connecting)
        if len(_kept.sessions) > KEPT_PER_THREAD:
            _kept.sessions.popitem(last=False)[1].close()
    _kept.sessions.move_to_end(key)
    return _kept.sessions[key]


def close_all() -> None:
    """Close every connection of this process. A session in use opens a new one when it needs it."""
    with _lock:
        sessions = list(_all)
    for each in sessions:
        each.close()


def close_own() -> None:
    """Close this thread's connections, as a thread does that ends."""
    for each in _kept.sessions.values():
        each.close()
    _kept.sessions.clear()


class _Session(requests.Session):
    """A session that looks at no redirect.

    Even where it is not to follow, requests reads the whole body and prepares the next request from ``Location``, so
    that a redirect without a usable target ends in an exception (seen in 2.34).
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find none."""
        return None


def _new_session(connecting: ConnectionSettings) -> requests.Session:
    made = _Session()
    # The environment's netrc would replace our Authorization header, and its CA bundle our trust; so both are
    # shut out, and the environment's proxies are read once, here.
    made.trust_env = False
    made.proxies = _proxies(connecting)
    made.headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "fortinet-incident-bridge",
    }
    adapter = StrictAdapter(_tls_context(os.getpid(), connecting))
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    with _lock:
        _all.add(made)
    return made


def _proxies(connecting: ConnectionSettings) -> dict[str, str]:
    if connecting.proxy:
        return {connecting.origin.scheme: connecting.proxy}
    return requests.utils.get_environ_proxies(str(connecting.origin))


@lru_cache(maxsize=16)
def _tls_context(_process: int, connecting: ConnectionSettings) -> ssl.SSLContext:
    # Shared by the threads of a process: reading the trusted certificates takes 18 ms of processor time.
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if connecting.ca_certificate:
        context.load_verify_locations(cadata=connecting.ca_certificate)
    if not connecting.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # The health check and the documentation say that verification is off; a warning for every call says no more.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return context
