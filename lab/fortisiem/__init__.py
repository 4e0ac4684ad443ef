"""The simulated FortiSIEM: its incidents, the APIs that update and list them, accounts and API tokens."""

from .accounts import Account, ApiClient
from .product import FortiSiem

__all__ = ["Account", "ApiClient", "FortiSiem"]
