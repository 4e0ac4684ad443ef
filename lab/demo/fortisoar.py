"""FortiSOAR as an analyst's tool uses it: records, and playbooks that run on them."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from ..client import FortiSoarClient
from ..errors import LabError

RUN_WITHIN = 60.0  # seconds of real time
LOOK_AGAIN_AFTER = 0.05
RUNS = "/api/wf/api/workflows/log_list/"
NOT_ENDED = ("incipient", "active")

Row = dict[str, Any]


class Playbooks(FortiSoarClient):
    """The lab's client, with what running a playbook takes."""

    def make_default(self, configuration: Row) -> None:
        """Make a configuration the default one, which sample playbooks use; its secrets stay as they are."""
        self.ask(
            "PUT",
            f"/api/integration/configuration/{configuration['config_id']}/",
            json={**configuration, "default": True},
        )

    def switch_on(self, name: str) -> Row:
        """Make a playbook active, and let its runs keep what their steps gave; return it with its steps."""
        found = self.ask("GET", "/api/3/workflows", params={"name": name})["hydra:member"]
        if len(found) != 1:
            raise LabError(f"FortiSOAR lists {len(found)} playbooks with the name {name!r}, not 1.")
        address = f"/api/3/workflows/{found[0]['uuid']}"
        self.ask("PUT", address, json={"isActive": True, "debug": True})
        return self.ask("GET", address, params={"$relationships": "true"})

    def picklist_item(self, picklist: str, value: str) -> str:
        """Return the address of a picklist's item."""
        wanted = {"listName.name": picklist, "itemValue": value}
        filters = [{"field": field, "operator": "eq", "value": text} for field, text in wanted.items()]
        (item,) = self.ask("POST", "/api/query/picklists", json={"logic": "AND", "filters": filters})["hydra:member"]
        return str(item["@id"])

    def create(self, module: str, fields: Row) -> Row:
        """Create a record."""
        return self.ask("POST", f"/api/3/{module}", json=fields)

    def read(self, record: str) -> Row:
        """Read a record by its address."""
        return self.ask("GET", record)

    def update(self, record: str, fields: Row) -> Row:
        """Change fields of a record."""
        return self.ask("PUT", record, json=fields)

    def comments(self, record: str) -> list[str]:
        """Return the comments on a record, oldest first, as text without markup."""
        rows = self.ask("GET", f"{record}/comments", params={"$orderby": "id"})["hydra:member"]
        return [plain(row["content"]) for row in rows]

    def trigger(self, playbook: Row, record: str, answers: Row) -> str:
        """Run a playbook on a record, as its button does; return the task id.

        Parameters:
            playbook: with its steps; the first is the button.
            answers: what the button's form asks for.
        """
        (start,) = [step for step in playbook["steps"] if "route" in (step["arguments"] or {})]
        body = {"records": [record], "singleRecordExecution": True, **answers}
        return str(self.ask("POST", f"/api/triggers/1/action/{start['arguments']['route']}", json=body)["task_ids"][0])

    def ended(self, **wanted: str) -> Row:
        """Wait for the end of one run; return it with its steps.

        Parameters:
            wanted: filters that exactly one run passes, such as ``task_id``.
        """
        latest = time.monotonic() + RUN_WITHIN
        while time.monotonic() < latest:
            runs = self.ask("POST", RUNS, params={"ordering": "id", **wanted}, json={})["hydra:member"]
            if len(runs) == 1 and runs[0]["status"] not in NOT_ENDED:
                return self.ask("GET", f"/api{runs[0]['@id']}")
            time.sleep(LOOK_AGAIN_AFTER)
        raise LabError(f"The playbook did not end within {RUN_WITHIN:.0f} s.")


def plain(markup: str) -> str:
    """Return a comment's text, its paragraphs as sentences on one line."""
    paragraphs = [" ".join(re.sub(r"<[^>]+>", " ", part).split()) for part in markup.split("</p>")]
    return html.unescape(". ".join(part.rstrip(".") for part in paragraphs if part))
