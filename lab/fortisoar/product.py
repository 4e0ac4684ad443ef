"""The local FortiSOAR as one of the lab's products."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.types import ASGIApp

from ..kit.bodies import BodyLimit
from ..kit.clock import Clock
from ..kit.dated import DateMiddleware
from ..kit.failures import FailureMiddleware
from ..kit.journal import Journal, JournalMiddleware
from ..kit.store import Store
from ..kit.switches import Switches
from .accounts import Accounts
from .administration.service import Administration
from .administration.switches import ADMINISTRATION_SWITCHES
from .app import application
from .configurations import Configurations
from .connectors import Connectors
from .execution import Execution
from .files import FILE_SWITCHES, Files
from .handover import Handover
from .hooks import Hooks
from .jobs import JOB_SWITCHES, Jobs
from .log_collection import LOG_SWITCHES, LogCollection
from .models import Base
from .moving import Moving
from .moving.switches import MOVING_SWITCHES
from .playbooks.service import Playbooks
from .playbooks.switches import PLAYBOOK_SWITCHES
from .records import Records
from .records.search import Search
from .requirements import Requirements
from .secrets_at_rest import Vault
from .switches import SWITCHES
from .workers import Workers

GRACE = 2.0  # seconds that an action under way has to end when the lab starts anew
# Requests that may wait for an action at the same time; further ones queue.
WAITING = 64
KEY_OF_CONNECTORS = "FORTISOAR_API_KEY"


class FortiSoar:
    """A FortiSOAR that installs connectors and runs them in worker processes.

    Parameters:
        folder: takes the database, the unpacked connectors, their Python packages and their log.
        clock: the lab's time.
        username, password: the one user.
        api_key: the one API key.
        encryption_key: a Fernet key for passwords in stored configurations; a kept folder needs the same key again.
        worker_environment: what connectors find in their environment.
        workers: how many worker processes run actions.
        call_limit: seconds after which an action is stopped.
    """

    name = "fortisoar"

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        username: str,
        password: str,
        api_key: str,
        encryption_key: bytes,
        worker_environment: dict[str, str],
        workers: int = 2,
        call_limit: float = 180.0,
    ) -> None:
        packages, code, log = folder / "site-packages", folder / "connectors", folder / "connectors.log"
        code.mkdir(parents=True, exist_ok=True)  # before anything is opened that a failure would leave open
        requirements = Requirements(packages)
        self.journal = Journal(clock, (password, api_key, encryption_key.decode()))
        vault = Vault(encryption_key, self.journal.hide)
        self.store = Store(folder / "fortisoar.sqlite", Base)
        self.switches = Switches(
            (
                *SWITCHES,
                *PLAYBOOK_SWITCHES,
                *JOB_SWITCHES,
                *FILE_SWITCHES,
                *LOG_SWITCHES,
                *MOVING_SWITCHES,
                *ADMINISTRATION_SWITCHES,
            )
        )
        self.accounts = Accounts(username, password, api_key, clock, self.switches, self.store, self.journal.hide)
        if KEY_OF_CONNECTORS in worker_environment:  # they call as the appliance does, which is no user's API key
            worker_environment = {**worker_environment, KEY_OF_CONNECTORS: self.accounts.own_key}
        self._workers = Workers(workers, call_limit, worker_environment, packages, log)
        self._hook_worker = Workers(1, call_limit, worker_environment, packages, log)
        self._patient = ThreadPoolExecutor(WAITING, thread_name_prefix="action")

        handover = Handover(vault, self.switches)
        hooks = Hooks(self._hook_worker, code)
        self.records = Records(self.store, clock, self.switches)
        self.playbooks = Playbooks(self.store, clock, self.records, f"API-KEY {self.accounts.own_key}", self.switches)
        collections = self.playbooks.collections
        self._connectors = Connectors(self.store, code, clock, vault, handover, hooks, requirements, collections)
        self._administration = Administration(folder, self.accounts, self.store, clock, self.switches)
        self.jobs = Jobs(clock, self.switches)
        files = Files(self.store, clock, self.switches)
        self._logs = LogCollection(folder / "collected-logs", log, self.journal, clock, self.switches, self.jobs)
        configurations = Configurations(self.store, vault, handover, hooks, self.switches)
        self._moving = Moving(
            self.store,
            clock,
            self.switches,
            self.jobs,
            files,
            vault,
            code,
            self._connectors,
            configurations,
            f"API-KEY {self.accounts.own_key}",
        )
        further = (Search(self.store), self.playbooks, files, self._logs, self._moving, self.records)
        app = application(
            self.accounts,
            self._connectors,
            configurations,
            Execution(self.store, handover, self._workers, code, self.switches),
            self._administration,
            [each for part in further for each in part.routes()],
            self._patient,
        )
        self.playbooks.connect(app)
        self.records.subscribe(self._administration)
        self._moving.connect(app)
        self.records.subscribe(self.playbooks)
        self.app: ASGIApp = DateMiddleware(FailureMiddleware(JournalMiddleware(BodyLimit(app), self.journal)), clock)

    def start_workers(self) -> None:
        """Start the worker processes without waiting for them, so that the first call finds them ready."""
        self._workers.warm_up()
        self._hook_worker.warm_up()

    def seed(self) -> None:
        """Make the standard records, unless they are there; a fresh FortiSOAR of the lab has no connectors."""
        self.records.seed()

    def reset(self) -> None:
        """Uninstall everything, go back to the standard records, put the switches back and clear the journal."""
        self.jobs.reset()  # before the runs are abandoned: what it imports may start some
        self._logs.reset()
        self.playbooks.stop()
        # Before the runs are waited for: some of them may wait for an action.
        for workers in (self._workers, self._hook_worker):
            workers.interrupt(GRACE)
        self.playbooks.reset()
        self.store.clear()
        self.records.seed()
        self._connectors.uninstall_all()
        self.switches.reset()
        self._administration.seed()
        self.journal.clear()

    def counters(self) -> dict[str, int]:
        """Return nothing: its lists show all that it does."""
        return {}

    def close(self) -> None:
        """End the worker processes and close the database."""
        self.jobs.stop()
        self.playbooks.stop()
        self._workers.close()  # before the runs are waited for: some of them may wait for an action
        self._hook_worker.close()
        self.jobs.close()
        self.playbooks.close()
        self._moving.close()
        self._connectors.close()
        self._patient.shutdown(cancel_futures=True)
        self.store.close()
