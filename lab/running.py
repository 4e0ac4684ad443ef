"""A running lab: state, keys, certificates, products and servers put together, and taken apart again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from sqlalchemy.exc import SQLAlchemyError

from .certificates import certificate_authority, faulty_tls, server_tls
from .control import control_app
from .errors import LabError
from .faults import PRODUCTS, Faults, Proxy, Wire
from .fortimonitor import FortiMonitor
from .fortisiem import Account, ApiClient, FortiSiem
from .fortisoar import FortiSoar
from .kept_ports import listening_as_before
from .kit.clock import Clock
from .kit.product import Product
from .log import log_in
from .servers import HOST, Site, listening, port_numbers, serving
from .state import WAY_OUT, Keys, load_keys, state_folder
from .upgrades import bring_folder_forward


@dataclass(frozen=True)
class RunningLab:
    """A lab that answers.

    Parameters:
        folder: its state folder.
        ready: what clients need to know, as printed by ``python -m lab serve``.
        products: the three products by name, for whoever runs the lab in its own process.
    """

    folder: Path
    ready: dict[str, Any]
    products: Mapping[str, Product]


@contextmanager
def running_lab(state: Path | None = None, base_port: int | None = None) -> Iterator[RunningLab]:
    """Run a lab until the end of the block.

    Parameters:
        state: a folder to keep, with the lab's log; None for a temporary one, and the log on stderr.
        base_port: see ``port_numbers``; 0 with a folder to keep takes the ports that it had before.
    Raises: LabError if a port is taken or the state cannot be used.
    """
    with ExitStack() as stack:
        with _terminal_signals_held():
            lab = _started(stack, state, base_port)
        yield lab


@contextmanager
def _terminal_signals_held() -> Iterator[None]:
    """Hold Ctrl-C and hang-up back, for this thread and for all threads and processes that start meanwhile.

    A terminal sends both to the worker processes too. The lab ends these itself; left to the signal, they would end
    with tracebacks on the terminal. Threads and processes inherit what is held back; this thread gets it afterwards.
    """
    held = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    # Python starts this helper with the first worker, and then lets SIGINT through again (seen in 3.11).
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _started(stack: ExitStack, state: Path | None, base_port: int | None) -> RunningLab:
    folder = stack.enter_context(state_folder(state))
    if state is not None:
        stack.enter_context(log_in(folder))
    bring_folder_forward(folder)
    is_kept = state is not None and base_port == 0
    public = listening_as_before(folder) if is_kept else listening(port_numbers(base_port))
    listeners = stack.enter_context(public)
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    keys = load_keys(folder)
    authority = certificate_authority(folder)
    ready = _ready(folder, ports, keys)
    clock = Clock()
    products = stack.enter_context(_products(folder, clock, keys, ready))
    # The public sockets of these products are their proxies'; they themselves answer behind them.
    behind = stack.enter_context(listening(dict.fromkeys(PRODUCTS, 0)))
    faults, wires = Faults(), {name: Wire(clock) for name in PRODUCTS}
    fortisoar = products["fortisoar"].app
    sites = [
        Site(listeners["https"], fortisoar, server_tls(authority)),
        Site(listeners["http"], fortisoar),
        Site(
            listeners["control"],
            control_app(products, clock, faults, wires, ready["control"]["token"], _servers(ready)),
        ),
        *(Site(behind[name], products[name].app) for name in PRODUCTS),
    ]
    tls = {None: server_tls(authority), **faulty_tls(authority)}
    proxies = [
        Proxy(name, listeners[name], behind[name].getsockname(), tls, faults, wires[name], clock) for name in PRODUCTS
    ]
    stack.enter_context(serving(sites, proxies))
    return RunningLab(folder, ready, products)


def _ready(folder: Path, ports: Mapping[str, int], keys: Keys) -> dict[str, Any]:
    return {
        "fortisoar": {
            "https": f"https://{HOST}:{ports['https']}",
            "http": f"http://{HOST}:{ports['http']}",
            "ca": str(folder / "ca.pem"),
            "username": keys.fortisoar_username,
            "password": keys.fortisoar_password,
            "api_key": keys.fortisoar_api_key,
        },
        "fortimonitor": {
            "url": f"https://{HOST}:{ports['fortimonitor']}/v2",
            "api_key": keys.fortimonitor_api_key,
            "read_only_api_key": keys.fortimonitor_read_only_api_key,
            "server_id": FortiMonitor.SERVER_ID,
            "plugin_textkey": FortiMonitor.PLUGIN_TEXTKEY,
            "resource_textkey": FortiMonitor.RESOURCE_TEXTKEY,
        },
        "fortisiem": {
            "url": f"https://{HOST}:{ports['fortisiem']}",
            "organization": keys.fortisiem_organization,
            "username": keys.fortisiem_username,
            "password": keys.fortisiem_password,
            "client_id": keys.fortisiem_client_id,
            "client_secret": keys.fortisiem_client_secret,
            "incident_id": FortiSiem.INCIDENT_ID,
        },
        "control": {"url": f"http://{HOST}:{ports['control']}", "token": keys.control_token},
    }


def _servers(ready: dict[str, Any]) -> dict[str, str]:
    """Return where each product and the control API answer, without the path that a product's base URL may have."""
    addresses = {
        "fortisoar": ready["fortisoar"]["https"],
        **{name: ready[name]["url"] for name in ready if name != "fortisoar"},
    }
    return {name: urljoin(address, "/").rstrip("/") for name, address in addresses.items()}


@contextmanager
def _products(folder: Path, clock: Clock, keys: Keys, ready: dict[str, Any]) -> Iterator[dict[str, Product]]:
    with ExitStack() as stack:

        def started(make: Callable[[], Product]) -> Product:
            try:
                product = make()
            except (SQLAlchemyError, OSError) as error:
                reason = str(error).splitlines()[0]
                raise LabError(f"The data in {folder} cannot be used: {reason}. {WAY_OUT}") from error
            stack.callback(product.close)
            return product

        # FortiSOAR first: its workers start in their own processes while the others are made.
        fortisoar = started(lambda: _fortisoar(folder, clock, keys, ready))
        fortimonitor = started(lambda: _fortimonitor(folder, clock, keys, ready))
        fortisiem = started(lambda: _fortisiem(folder, clock, keys))
        yield {product.name: product for product in (fortisoar, fortimonitor, fortisiem)}


def _fortisoar(folder: Path, clock: Clock, keys: Keys, ready: dict[str, Any]) -> FortiSoar:
    fortisoar = FortiSoar(
        folder,
        clock,
        username=keys.fortisoar_username,
        password=keys.fortisoar_password,
        api_key=keys.fortisoar_api_key,
        encryption_key=keys.fortisoar_encryption_key.encode("ascii"),
        worker_environment={
            "FORTISOAR_URL": ready["fortisoar"]["https"],
            "FORTISOAR_API_KEY": keys.fortisoar_api_key,
            "FORTISOAR_CA": ready["fortisoar"]["ca"],
        },
    )
    fortisoar.start_workers()
    return fortisoar


def _fortimonitor(folder: Path, clock: Clock, keys: Keys, ready: dict[str, Any]) -> FortiMonitor:
    return FortiMonitor(
        folder,
        clock,
        base_url=ready["fortimonitor"]["url"],
        api_key=keys.fortimonitor_api_key,
        read_only_api_key=keys.fortimonitor_read_only_api_key,
    )


def _fortisiem(folder: Path, clock: Clock, keys: Keys) -> FortiSiem:
    return FortiSiem(
        folder,
        clock,
        accounts=[Account(keys.fortisiem_organization, keys.fortisiem_username, keys.fortisiem_password)],
        clients=[ApiClient(keys.fortisiem_client_id, keys.fortisiem_client_secret, keys.fortisiem_username)],
    )
