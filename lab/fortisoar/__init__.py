"""A local FortiSOAR: its API for connectors, with the very archive that ships running inside."""

from .product import FortiSoar

__all__ = ["FortiSoar"]
