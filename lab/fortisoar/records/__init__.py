"""The record store of the local FortiSOAR."""

from __future__ import annotations

from .api import Records

__all__ = ["Records"]
