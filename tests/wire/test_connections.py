"""Connections are kept and shared by nothing that must not share them."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import os
import socket
import sys
import threading
import warnings

import pytest

from tests.support.kept import kept
from tests.support.package import configuration, connector, execute, let_go, module
from tests.support.wire import answering, cutting, http_answer

RESOLVED = http_answer("204 No Content")


def config_for(server, **changes):
    return configuration(fortisiem_sign_in="Off", fortimonitor_url=f"{server.origin}/v2", **changes)


def resolve(config):
    return execute("force_resolve_incident", {"incident": "5"}, config)


def test_many_calls_one_after_another_use_one_connection(serve, server_context, ca_pem):
    server = serve(answering(RESOLVED), tls=server_context())
    for _ in range(20):
        resolve(config_for(server, ca_certificate=ca_pem))
    assert (server.connections, len(server.requests)) == (1, 20)


def test_eight_threads_use_at_most_eight_connections_and_never_each_others_key(serve):
    server = serve(answering(RESOLVED))

    def calls(number):
        for _ in range(5):
            resolve(config_for(server, fortimonitor_api_key=f"key-of-thread-{number % 2}"))

    threads = [threading.Thread(target=calls, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.connections <= 8
    keys = [request.split(b"ApiKey ")[1].split(b"\r\n")[0] for request in server.requests]
    assert sorted(keys) == [b"key-of-thread-0"] * 20 + [b"key-of-thread-1"] * 20


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(serve):
    closed = threading.Event()

    def behave(connection, server):
        cutting(RESOLVED)(connection, server)
        closed.set()

    server = serve(behave)
    for _ in range(3):
        closed.clear()
        assert resolve(config_for(server))["attempts"] == 1
        assert closed.wait(30)
    assert (server.connections, len(server.requests)) == (3, 3)


def test_closing_lets_go_and_the_next_call_connects_anew(serve):
    server = serve(answering(RESOLVED))
    resolve(config_for(server))
    let_go()
    resolve(config_for(server))
    assert server.connections == 2


def test_at_most_sixteen_connections_are_kept_and_the_one_that_lay_longest_is_closed(serve):
    servers = [serve(answering(RESOLVED)) for _ in range(18)]
    for server in servers:
        resolve(config_for(server))
    assert len(module("core.process_state").STATE.sessions) == 16
    for server in servers[2:]:
        resolve(config_for(server))
    assert [server.connections for server in servers] == [1] * 18
    resolve(config_for(servers[0]))
    assert servers[0].connections == 2


def test_a_connection_that_is_in_use_when_all_is_let_go_is_closed_afterwards(serve):
    def behave(connection, server):
        let_go()
        connection.sendall(RESOLVED)

    server = serve(behave)
    resolve(config_for(server))
    assert len(module("core.process_state").STATE.sessions) == 0
    resolve(config_for(server))
    assert (server.connections, len(server.requests)) == (2, 2)


def test_two_accounts_never_share_a_connection(serve):
    server = serve(answering(RESOLVED))
    for key in ("key-one-0123", "key-two-0123", "key-one-0123"):
        resolve(config_for(server, fortimonitor_api_key=key))
    assert (server.connections, len(server.requests)) == (2, 3)


def test_a_forked_process_has_no_connection_of_its_parent_and_makes_its_own(serve):
    fork_now, forked = threading.Event(), threading.Event()

    def behave(connection, server):
        if len(server.requests) == 2:  # while a second request is under way in another thread
            fork_now.set()
            assert forked.wait(30)
        connection.sendall(RESOLVED)

    server = serve(behave)
    config = config_for(server)
    resolve(config)
    parent = threading.Thread(target=resolve, args=(config_for(server, fortimonitor_api_key="another-key"),))
    parent.start()
    assert fork_now.wait(30)
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads is just what is tested
        child = os.fork()
    if child == 0:
        try:
            inherited = sum(_peer(number) == server.port for number in range(256))
            outcome = resolve(config)["outcome"] if inherited == 0 else "inherited"
            os.write(write, outcome.encode())
        finally:
            os._exit(0)  # whatever happens: a second pytest would go on with the tests
    forked.set()
    os.waitpid(child, 0)
    parent.join()
    with os.fdopen(read, "rb") as ended:
        os.close(write)
        assert ended.read() == b"done"
    assert resolve(config)["outcome"] == "done"
    assert (server.connections, len(server.requests)) == (3, 4)


def _peer(number):
    """Return the port that a descriptor is connected to, None if it is no connection."""
    try:
        with socket.socket(fileno=os.dup(number)) as connection:
            return connection.getpeername()[1]
    except (OSError, IndexError):  # no socket, or one without a port
        return None


def test_a_thousand_calls_leave_no_descriptor_and_no_thread_behind(serve):
    server = serve(answering(RESOLVED))
    config = config_for(server)
    resolve(config)
    gc.collect()
    descriptors, threads = open_descriptors(), set(threading.enumerate())
    for _ in range(1000):
        resolve(config)
        server.requests.clear()
    gc.collect()
    # What other tests left open may be closed meanwhile; nothing may be opened.
    assert open_descriptors() <= descriptors
    assert set(threading.enumerate()) <= threads
    assert server.connections == 1


def open_descriptors():
    """Return what is open in this process; each socket and each pipe has a number of its own."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one that listed them
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return found


def grown_after(count, server):
    """Return how much more the package keeps after so many calls, once what is bounded is full."""
    config = config_for(server)

    def calls(number):
        for _ in range(number):
            resolve(config)
            server.requests.clear()

    calls(120)  # the last 50 requests are kept, and the times of the last 100
    before = kept()
    calls(count)
    return kept() - before


def test_five_hundred_calls_leave_no_memory_behind(serve):
    assert grown_after(500, serve(answering(RESOLVED))) <= 0


def a_list_that_grows(place):
    place.planted = []
    return lambda made, data: place.planted.append(data)


def a_cache_without_bound(place):
    place.planted = functools.lru_cache(maxsize=None)(lambda number: None)
    numbers = itertools.count()  # and no id(), which a later call's data may have again
    return lambda made, data: place.planted(next(numbers))


def a_text_that_grows(place):
    place.planted = ""

    def lengthen(made, data):
        place.planted += "."

    return lengthen


def an_object_in_the_hands_of_another(place):
    place.planted = None
    foreign = []
    return lambda made, data: foreign.append(made)


@pytest.mark.parametrize(
    "leak", [a_list_that_grows, a_cache_without_bound, a_text_that_grows, an_object_in_the_hands_of_another]
)
def test_a_leak_of_every_call_shows_in_what_is_kept(serve, monkeypatch, leak):
    made = type(connector())
    place = sys.modules[made.__module__]
    monkeypatch.setattr(place, "planted", None, raising=False)
    keep, original = leak(place), made.execute

    def leaking(self, *arguments, **options):
        data = original(self, *arguments, **options)
        keep(self, data)
        return data

    monkeypatch.setattr(made, "execute", leaking)
    assert grown_after(20, serve(answering(RESOLVED))) >= 20
