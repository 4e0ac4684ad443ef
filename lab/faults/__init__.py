"""Faults on the wire: a proxy in front of FortiMonitor and FortiSIEM that strikes as it is told."""

from .armed import Fault, Faults
from .catalogue import CATALOGUE, PRODUCTS, catalogue_as_json
from .proxy import Proxy
from .wire import Wire

__all__ = ["CATALOGUE", "PRODUCTS", "Fault", "Faults", "Proxy", "Wire", "catalogue_as_json"]
