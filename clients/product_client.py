"""What a client of either product says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from ..core.http.transport import Transport

DEFAULT_PORT = 443


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
    def authority(self) -> str:
        """The server's host name, with its port where that is not the usual one."""
        return self.host if self._http.base.origin.port == DEFAULT_PORT else self.address.split("://")[1]

    def is_at(self, server: str) -> bool:
        """Tell whether a server, as a Source ID names it in small letters, is this one.

        The host alone will do: once ports were no part of Source IDs.
        """
        return server in (self.host, self.authority, f"{self.host}:{self._http.base.origin.port}")

    @property
    def server_time(self) -> Optional[datetime]:
        """The product's own time with its last answer, None as long as it has not said."""
        return self._http.server_time

    @property
    def address(self) -> str:
        """The server's origin."""
        return str(self._http.base.origin)
