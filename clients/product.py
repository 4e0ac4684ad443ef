"""What a client of either product says of itself."""

from __future__ import annotations

from ..core.transport import Transport


class Product:
    """A product that is reached over HTTP.

    Parameters:
        http: where requests go.
    """

    def __init__(self, http: Transport) -> None:
        self._http = http

    @property
    def product(self) -> str:
        """The product's name."""
        return self._http.product

    @property
    def host(self) -> str:
        """The server's host name."""
        return self._http.base.origin.host

    @property
    def address(self) -> str:
        """The server's origin."""
        return str(self._http.base.origin)
