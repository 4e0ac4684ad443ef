"""Playbooks of the local FortiSOAR: imported, triggered, run step by step, and listed."""

from .service import Playbooks

__all__ = ["Playbooks"]
