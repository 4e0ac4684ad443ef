"""Playbooks made for tests, steps and routes in a few words, and a FortiSOAR to run them in."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import trustme
from cryptography.fernet import Fernet
from starlette.testclient import TestClient

from lab.fortisoar import FortiSoar
from lab.fortisoar.playbooks.definitions import STEP_TYPES
from lab.kit.clock import Clock
from lab.servers import HOST, Site, listening, serving

TYPES = {name: uuid for uuid, name in STEP_TYPES.items()}
USERNAME, PASSWORD, KEY = "csadmin", "pa55", "k3y"
COLLECTION = str(uuid5(NAMESPACE_URL, "collection"))

Row = dict[str, Any]


def step(name: str, kind: str, /, **arguments: Any) -> Row:
    """Make a step; its UUID follows from its name and the playbook's."""
    return {"name": name, "kind": kind, "arguments": arguments}


def start(kind: str = "cybersponse.abstract_trigger", **arguments: Any) -> Row:
    """Make a first step."""
    return step("Start", kind, **{"step_variables": {"input": {"params": []}}, **arguments})


def set_variables(name: str, /, **variables: Any) -> Row:
    """Make a step that sets variables."""
    return step(name, "SetVariable", **variables)


def playbook(name: str, *steps: Row, routes: list[tuple[str, str]] | None = None, **more: Any) -> Row:
    """Make a playbook.

    Parameters:
        steps: the first is the start.
        routes: pairs of steps' names; without them each step leads to the next.
    """
    names = [one["name"] for one in steps]
    pairs = routes if routes is not None else list(zip(names, names[1:], strict=False))
    return {
        "@type": "Workflow",
        "uuid": workflow_uuid(name),
        "name": name,
        "collection": f"/api/3/workflow_collections/{COLLECTION}",
        "triggerStep": step_iri(name, names[0]),
        "parameters": [],
        "isActive": False,
        "debug": True,
        "recordTags": [],
        "steps": [
            {
                "@type": "WorkflowStep",
                "uuid": step_iri(name, one["name"]).rsplit("/", 1)[-1],
                "name": one["name"],
                "arguments": one["arguments"],
                "stepType": f"/api/3/workflow_step_types/{TYPES.get(one['kind'], one['kind'])}",
            }
            for one in steps
        ],
        "routes": [
            {
                "@type": "WorkflowRoute",
                "uuid": str(uuid5(NAMESPACE_URL, f"{name}/{source}->{target}")),
                "name": f"{source} -> {target}",
                "label": None,
                "sourceStep": step_iri(name, source),
                "targetStep": step_iri(name, target),
            }
            for source, target in pairs
        ],
        **more,
    }


def workflow_uuid(name: str) -> str:
    """Return the UUID of a playbook."""
    return str(uuid5(NAMESPACE_URL, name))


def step_iri(playbook_name: str, step_name: str) -> str:
    """Return the IRI of a step."""
    return f"/api/3/workflow_steps/{uuid5(NAMESPACE_URL, f'{playbook_name}/{step_name}')}"


def exported(*playbooks: Row, **more: Any) -> Row:
    """Return what an export of one collection looks like."""
    collection = {"@type": "WorkflowCollection", "uuid": COLLECTION, "name": "Tests", "workflows": list(playbooks)}
    return {"type": "workflow_collections", "data": [collection], **more}


class Soar:
    """A FortiSOAR with playbooks, seen over HTTP."""

    def __init__(self, product: FortiSoar, clock: Clock) -> None:
        self.product = product
        self.clock = clock
        self.http = TestClient(product.app, base_url="https://127.0.0.1", headers={"Authorization": f"API-KEY {KEY}"})

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def load(self, *playbooks: Row, **more: Any) -> None:
        self.ask("POST", "/api/3/workflow_collections", exported(*playbooks, **more), 201)

    def trigger(self, name: str, **body: Any) -> str:
        task_id: str = self.ask("POST", f"/api/triggers/1/notrigger/{workflow_uuid(name)}", body)["task_id"]
        self.product.playbooks.settle()
        return task_id

    def runs(self, task_id: str) -> list[Row]:
        rows: list[Row] = self.ask(
            "POST", f"/api/wf/api/workflows/log_list/?format=json&ordering=id&task_id={task_id}", {}
        )["hydra:member"]
        return [self.ask("GET", f"/api{row['@id']}") for row in rows]

    def run(self, *playbooks: Row, **body: Any) -> Row:
        """Load playbooks, trigger the first and return its run."""
        self.load(*playbooks)
        return self.runs(self.trigger(playbooks[0]["name"], **body))[0]

    def variables(self, *steps: Row, **body: Any) -> Row:
        """Run these steps behind a start and return the run's variables."""
        run = self.run(playbook("P", start(), *steps), **body)
        assert run["status"] == "finished", run["result"]
        env: Row = run["env"]
        return env

    def failure(self, *steps: Row, **body: Any) -> str:
        """Run these steps behind a start, which must fail; return the run's message."""
        run = self.run(playbook("P", start(), *steps), **body)
        assert run["status"] == "failed"
        message: str = run["result"]["Error message"]
        return message

    def comments(self) -> list[str]:
        rows = self.ask("GET", "/api/3/comments?$orderby=id")["hydra:member"]
        return [row["content"] for row in rows]


@contextmanager
def running_soar(folder: Path) -> Iterator[Soar]:
    """Run a FortiSOAR in this process until the end of the block, without a network."""
    clock = Clock()
    product = FortiSoar(folder, clock, USERNAME, PASSWORD, KEY, Fernet.generate_key(), {}, workers=1)
    try:
        yield Soar(product, clock)
    finally:
        product.close()


@contextmanager
def served_soar(folder: Path) -> Iterator[tuple[Soar, str, str]]:
    """Serve a FortiSOAR of this process over TLS until the end of the block; give its address and its CA's file too."""
    authority, file = trustme.CA(), folder / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    with (
        running_soar(folder) as soar,
        listening({"https": 0}) as listeners,
        serving([Site(listeners["https"], soar.product.app, tls)]),
    ):
        yield soar, f"https://{HOST}:{listeners['https'].getsockname()[1]}", str(file)
