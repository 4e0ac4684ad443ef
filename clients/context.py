"""The context: the products that one configuration names, each made when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from logging import Logger
from typing import Any, Dict, List, Union

from ..core.deadline import Deadline
from ..core.errors import ProductNotConfigured
from ..core.http.sessions import ConnectionSettings
from ..core.http.transport import Transport
from ..core.redaction import Redactor
from ..core.urls import BaseUrl, base_url
from .fortimonitor.client import FortiMonitor
from .fortisiem.authentication import Access, Login
from .fortisiem.client import FortiSIEM


class Context:
    """The configured clients of one call. They share its deadline.

    Parameters:
        config: a configuration as ``core.configuration.valid_configuration`` returns it.
        redact: masks the configuration's secrets; learns those that turn up on the way.
        log: where the progress of long work goes.
    """

    def __init__(self, config: Dict[str, Any], redact: Redactor, log: Logger) -> None:
        self.config = config
        self.redact = redact
        self.log = log
        self.deadline = Deadline(config["total_timeout"])

    @property
    def enabled(self) -> List[Union[FortiMonitor, FortiSIEM]]:
        """The clients of the products that are switched on."""
        return [getattr(self, side) for side in ("fortimonitor", "fortisiem") if self.config[f"{side}_enabled"]]

    @cached_property
    def fortimonitor(self) -> FortiMonitor:
        """The FortiMonitor account. Raises ProductNotConfigured where it is switched off."""
        self._require("FortiMonitor", "fortimonitor_enabled")
        http = self._transport("FortiMonitor", base_url(self.config["fortimonitor_url"]))
        return FortiMonitor(http, self.config["fortimonitor_api_key"])

    @cached_property
    def fortisiem(self) -> FortiSIEM:
        """The FortiSIEM Supervisor. Raises ProductNotConfigured where it is switched off."""
        self._require("FortiSIEM", "fortisiem_enabled")
        # Only the origin: the address of the Supervisor's web page is often pasted with its path.
        http = self._transport("FortiSIEM", BaseUrl(base_url(self.config["fortisiem_server"]).origin, ""))
        login = Login(*(self.config.get(f"fortisiem_{field}", "") for field in Login._fields))
        return FortiSIEM(http, Access(http, login, self.redact), login.organization)

    def _require(self, product: str, switch: str) -> None:
        if not self.config[switch]:
            raise ProductNotConfigured(
                f"{product} is switched off in this configuration", f"Switch Use {product} on, or choose another one."
            )

    def _transport(self, product: str, base: BaseUrl) -> Transport:
        connecting = ConnectionSettings(
            base.origin,
            verify=self.config["verify_ssl"],
            ca_certificate=self.config.get("ca_certificate", ""),
            proxy=self.config.get("proxy", ""),
        )
        timeouts = (self.config["connect_timeout"], self.config["read_timeout"])
        return Transport(product, base, connecting, timeouts, self.deadline, self.redact)
