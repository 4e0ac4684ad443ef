"""The context: the products that one configuration names, each made when it is first asked for."""

from __future__ import annotations

from copy import copy
from logging import Logger
from typing import Any, Dict, List, Optional, Type, Union

from ..core.configuration import OFF
from ..core.deadline import REAL_TIME, Deadline, Timing
from ..core.errors import ProductNotConfigured
from ..core.http.sessions import ConnectionSettings
from ..core.http.transport import Transport
from ..core.lazy import lazy
from ..core.redaction import Redactor, fingerprint
from ..core.urls import BaseUrl, base_url, page_url, with_credentials
from .fortimonitor.client import FortiMonitor
from .fortisiem.authentication import Authentication, Login
from .fortisiem.client import FortiSIEM


class Context:
    """The configured clients of one call. They share its deadline.

    Parameters:
        config: a configuration as ``core.configuration.valid_configuration`` returns it.
        redact: masks the configuration's secrets; learns those that turn up on the way.
        log: where the progress of long work goes.
        timing: the clock to go by.
        transport: what sends requests.

    ``configuration_id`` is by what FortiSOAR knows the configuration.
    """

    configuration_id: Optional[str] = None

    def __init__(
        self,
        config: Dict[str, Any],
        redact: Redactor,
        log: Logger,
        timing: Timing = REAL_TIME,
        transport: Type[Transport] = Transport,
    ) -> None:
        self.config = config
        self.redact = redact
        self.log = log
        self.deadline = Deadline(config["total_timeout"], timing)
        self._transport_class = transport

    @property
    def enabled(self) -> List[Union[FortiMonitor, FortiSIEM]]:
        """The clients of the products that are switched on."""
        return [getattr(self, side) for side in ("fortimonitor", "fortisiem") if self._is_on(side)]

    @lazy
    def fortimonitor(self) -> FortiMonitor:
        """Return the FortiMonitor account. Raises ProductNotConfigured where it is switched off."""
        self._require("FortiMonitor")
        api_key = self.config["fortimonitor_api_key"]
        http = self._transport("FortiMonitor", base_url(self.config["fortimonitor_url"]), api_key)
        return FortiMonitor(http, api_key)

    @lazy
    def fortisiem(self) -> FortiSIEM:
        """Return the FortiSIEM Supervisor. Raises ProductNotConfigured where it is switched off."""
        self._require("FortiSIEM")
        # Only the origin: the address of the Supervisor's web page is often pasted with its path.
        base = BaseUrl(base_url(self.config["fortisiem_server"]).origin, "")
        login = Login(*(self.config.get(f"fortisiem_{field}", "") for field in Login._fields))
        http = self._transport("FortiSIEM", base, *login)
        return FortiSIEM(http, Authentication(http, login, self.redact), login.organization)

    def page_url(self, product: str, incident_id: Optional[int]) -> Optional[str]:
        """Return the address of an incident's page for people, None where no pages are configured.

        Parameters:
            product: "fortimonitor" or "fortisiem".
        """
        template = self.config.get(f"{product}_web_url")
        return page_url(template, incident_id) if template and incident_id is not None else None

    def waiting_for_rate_limit(self) -> Context:
        """Return a context for many requests: its FortiMonitor waits until the rate limit allows each of them."""
        waiting = copy(self)
        waiting.fortimonitor = self.fortimonitor.within_rate_limit()
        return waiting

    def with_a_share(self, share: float) -> Context:
        """Return a context that leaves the rest of the remaining time for what comes after."""
        part = Context(self.config, self.redact, self.log, self.deadline.timing, self._transport_class)
        part.deadline = self.deadline.part(share)
        return part

    def _is_on(self, side: str) -> bool:
        return bool(self.config[f"{side}_sign_in"] != OFF)

    def _require(self, product: str) -> None:
        if not self._is_on(product.lower()):
            raise ProductNotConfigured(
                f"{product} is switched off in this configuration",
                f"Choose a way to sign in under {product} Sign-in, or another configuration.",
            )

    def _transport(self, product: str, base: BaseUrl, *credentials: str) -> Transport:
        settings = ConnectionSettings(
            base.origin,
            fingerprint(str(base.origin), *credentials),
            verify=self.config["verify_ssl"],
            ca_certificate=self.config.get("ca_certificate", ""),
            proxy=with_credentials(*(self.config.get(f"proxy{part}", "") for part in ("", "_username", "_password"))),
        )
        timeouts = (self.config["connect_timeout"], self.config["read_timeout"])
        return self._transport_class(product, base, settings, timeouts, self.deadline, self.redact)
