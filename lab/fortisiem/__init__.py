"""The simulated FortiSIEM: its incidents with their events, the APIs that update and list them, accounts and tokens."""

from .accounts import Account, ApiClient
from .product import FortiSiem

__all__ = ["Account", "ApiClient", "FortiSiem"]
