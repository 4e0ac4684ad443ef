"""The lab's FortiMonitor: custom incidents and outages of the v2 REST API, with state."""

from .product import FortiMonitor

__all__ = ["FortiMonitor"]
