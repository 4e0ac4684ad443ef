"""FortiSIEM's tokens: kept, shared, one at a time."""

from __future__ import annotations

import threading

import pytest

from tests.support.package import module

authentication = module("clients.fortisiem.authentication")
fingerprint = module("core.redaction").fingerprint
Timing = module("core.deadline").Timing
Deadline = module("core.deadline").Deadline


class Minting:
    def __init__(self, expires_in=15):
        self.count = 0
        self.expires_in = expires_in

    def __call__(self):
        self.count += 1
        return f"token-{self.count}", self.expires_in


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [(15, 900), (60, 3600), (299, 17940), (300, 300), (900, 900), (3600, 3600)]
)
def test_expires_in_is_minutes_where_it_is_small_and_seconds_where_it_is_large(expires_in, seconds):
    assert authentication.lifetime(expires_in) == seconds


def test_a_token_is_kept_until_half_a_minute_before_its_end():
    clock = [0.0]
    deadline = Deadline(1000, Timing(monotonic=lambda: clock[0]))
    token, mint = authentication.AccountToken(), Minting(expires_in=300)
    assert token.get(deadline, mint) == "token-1"
    clock[0] = 269.9
    assert token.get(deadline, mint) == "token-1"
    clock[0] = 270.0
    assert token.get(deadline, mint) == "token-2"


def test_many_threads_mint_one_token():
    token, mint = authentication.AccountToken(), Minting()
    got = []
    threads = [threading.Thread(target=lambda: got.append(token.get(Deadline(55), mint))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (mint.count, set(got)) == (1, {"token-1"})


def test_only_the_token_that_was_refused_is_forgotten():
    token, mint = authentication.AccountToken(), Minting()
    token.get(Deadline(55), mint)
    token.refuse("an older one")
    assert token.get(Deadline(55), mint) == "token-1"
    token.refuse("token-1")
    assert token.get(Deadline(55), mint) == "token-2"


def test_a_key_does_not_show_the_secret_and_differs_by_every_part():
    keys = {fingerprint(*parts) for parts in (("a", "b", "c"), ("a", "bc", ""), ("a", "b", "d"), ("x", "b", "c"))}
    assert len(keys) == 4
    assert "secret-value" not in fingerprint("a", "b", "secret-value")


def test_a_thread_waits_for_another_ones_token_no_longer_than_its_deadline():
    token = authentication.AccountToken()
    minting, over = threading.Event(), threading.Event()

    def slow_mint():
        minting.set()
        over.wait(30)
        return "token-1", 15

    thread = threading.Thread(target=lambda: token.get(Deadline(55), slow_mint))
    thread.start()
    minting.wait(30)
    with pytest.raises(module("core.errors").Unreachable, match="timed out waiting for another call"):
        token.get(Deadline(0), Minting())
    over.set()
    thread.join()
    assert token.get(Deadline(55), Minting()) == "token-1"
