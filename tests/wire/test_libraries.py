"""What the other tests here were run with: the libraries of the lock, or of the set that `make prove` names."""

from __future__ import annotations

import os
from pathlib import Path

import idna
import requests
import urllib3
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from release.lock import LOCK, ROOT, pins


def test_the_libraries_are_those_that_were_asked_for():
    asked_for = Path(os.environ.get("LIBRARIES", ROOT / LOCK))
    pinned = pins({name: str(value) for name, value in default_environment().items()}, asked_for)
    imported = {canonicalize_name(each.__name__): each.__version__ for each in (requests, urllib3, idna)}
    assert imported.items() <= pinned.items()
    assert requests.adapters.PoolManager is urllib3.PoolManager
