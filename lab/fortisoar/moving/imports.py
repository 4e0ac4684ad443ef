"""Import: jobs that offer options of what a file holds, and bring in what the client chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..calls import Answer, Call, route
from ..files import Files
from ..jobs import Jobs
from ..refusals import Refusal, refusal
from ..unpacking import BadArchive
from .bundles import read_bundle
from .content import Row
from .exports import stalls
from .importing import Importer
from .listing import page_of, selected
from .models import ImportJob
from .options import check_options, offered

JOBS = "/api/3/import_jobs"
WIZARD = "Import Wizard"
REVIEWING, IMPORTING, COMPLETE = "Reviewing", "Importing", "Import Complete"
OPTIONS, IMPORT = "options", "import"  # what may be under way


class Imports:
    """The addresses of import jobs, and the work of the jobs."""

    def __init__(
        self, store: Store, clock: Clock, switches: Switches, jobs: Jobs, files: Files, importer: Importer
    ) -> None:
        self._store = store
        self._clock = clock
        self._switches = switches
        self._jobs = jobs
        self._files = files
        self._importer = importer

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            route("GET", JOBS, self._list),
            route("POST", JOBS, self._create),
            route("GET", f"{JOBS}/{{uuid}}", self._read),
            route("PUT", f"{JOBS}/{{uuid}}", self._update),
            route("DELETE", f"{JOBS}/{{uuid}}", self._delete),
            route("GET", "/api/import/{uuid}", self._start_options),
            route("PUT", "/api/import/{uuid}", self._start_import),
        ]

    def resume(self) -> None:
        """Take up what was under way when the lab stopped. An import begins anew: what it wrote, it writes again."""
        with self._store.transaction() as session:
            left_over = session.scalars(select(ImportJob).where(ImportJob.under_way.is_not(None))).all()
        for job in left_over:
            self._jobs.start(self._offer if job.under_way == OPTIONS else self._import, job.uuid)

    # Jobs.

    def _list(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            rows = [_row(job) for job in session.scalars(select(ImportJob).order_by(ImportJob.id))]
        return 200, page_of(rows, call, "ImportJob")

    def _create(self, call: Call) -> Answer:
        """Make a job for an uploaded file; fields that it does not know are dropped."""
        fields = call.fields
        file, status, type = fields.get("file"), fields.get("status", "In Progress"), fields.get("type", WIZARD)
        if not isinstance(status, str) or not isinstance(type, str):
            raise refusal(400, "status and type must be texts.")
        self._files.content(file)  # refuses what is no file
        options = check_options(fields.get("options") or {})
        job = ImportJob(uuid=str(uuid4()), file=str(file), type=type, status=status, options=options)
        with self._store.transaction() as session:
            session.add(job)
            session.flush()
            return self._switches["import_job_created_status"], _single(job)

    def _read(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            return 200, selected(_single(_job(session, call)), call)

    def _update(self, call: Call) -> Answer:
        """Replace the options of a job that has not begun to import."""
        options = check_options(call.fields["options"]) if "options" in call.fields else None
        with self._store.transaction() as session:
            job = _job(session, call)
            if options is not None:
                if job.under_way:
                    raise refusal(400, "The options cannot be changed while the import job is under way.")
                job.options = options
            return 200, _single(job)

    def _delete(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            job = _job(session, call)
            if job.under_way:
                raise refusal(400, "The import job is under way.")
            session.delete(job)
        return 204, None

    def _start_options(self, call: Call) -> Answer:
        """Begin to work out the options. The answer is the log so far, as a client tells; its form is assumed."""
        with self._store.transaction() as session:
            job = _job(session, call)
            begins = not job.under_way and job.status != COMPLETE and not stalls(self._switches)
            if begins:
                job.under_way, job.error = OPTIONS, None
            body = {"@id": _iri(job), "@type": "ImportJob", "logMessages": job.log}
        if begins:
            self._jobs.start(self._offer, job.uuid)
        return 200, body

    def _start_import(self, call: Call) -> Answer:
        """Begin to import. That a job without options is refused is assumed: no source."""
        with self._store.transaction() as session:
            job = _job(session, call)
            begins = not stalls(self._switches)
            if begins and (job.under_way or job.status != REVIEWING):
                raise refusal(
                    400, f"The import job cannot be started: its status is {job.status[:40]}, not {REVIEWING}."
                )
            if begins:
                job.under_way, job.status, job.progress = IMPORT, IMPORTING, 0
            body = {"@id": _iri(job), "@type": "ImportJob", "jobUuid": job.uuid}
        if begins:
            self._jobs.start(self._import, job.uuid)
        return 200, body

    # The work.

    def _offer(self, uuid: str) -> None:
        with self._failing(uuid) as job:
            self._jobs.pause(0.5)
            content = read_bundle(self._files.content(job.file))
            options = offered(content, self._importer.existing())
            self._tell(uuid, "The options are ready.")
            self._change(uuid, options=options, status=REVIEWING, under_way=None)

    def _import(self, uuid: str) -> None:
        def begins(part: str, share: float) -> None:
            self._change(uuid, currently=part, progress=int(100 * share))
            self._jobs.pause(1 / 6)

        with self._failing(uuid) as job:
            content = read_bundle(self._files.content(job.file))
            self._importer.carry_out(content, job.options, begins, lambda message: self._tell(uuid, message))
            self._change(uuid, status=COMPLETE, currently=None, progress=100, under_way=None)

    @contextmanager
    def _failing(self, uuid: str) -> Iterator[ImportJob]:
        """Give a job to the block, and let the job end as failed if the block fails."""
        with self._store.transaction() as session:
            job = _found(session, uuid)
        status = self._switches["import_failure_status"]
        try:
            yield job
        except (BadArchive, Refusal) as problem:
            reason = str(problem.body.get("message")) if isinstance(problem, Refusal) else str(problem)
            self._tell(uuid, reason)
            self._change(uuid, status=status, error=reason, under_way=None)
        except Exception as error:
            reason = f"The local FortiSOAR failed: {type(error).__name__}: {error}"
            self._change(uuid, status=status, error=reason, under_way=None)
            raise

    def _tell(self, uuid: str, message: str) -> None:
        line = {"date": int(self._clock.now().timestamp()), "message": message[:1000]}
        with self._store.transaction() as session:
            job = _found(session, uuid)
            job.log = [*job.log, line][-1000:]

    def _change(self, uuid: str, **values: Any) -> None:
        with self._store.transaction() as session:
            job = _found(session, uuid)
            for name, value in values.items():
                setattr(job, name, value)


def _iri(job: ImportJob) -> str:
    return f"{JOBS}/{job.uuid}"


def _single(job: ImportJob) -> Row:
    return {"@context": "/api/3/contexts/ImportJob", **_row(job)}


def _row(job: ImportJob) -> Row:
    return {
        "@id": _iri(job),
        "@type": "ImportJob",
        "currentlyImporting": job.currently,
        "errorMessage": job.error,
        "file": job.file,
        "id": job.id,
        "logMessages": job.log,
        "options": job.options or [],  # PHP writes an empty object as an empty list
        "progressPercent": job.progress,
        "status": job.status,
        "type": job.type,
        "uuid": job.uuid,
    }


def _job(session: Session, call: Call) -> ImportJob:
    return _found(session, call.path["uuid"])


def _found(session: Session, uuid: str) -> ImportJob:
    found = session.scalar(select(ImportJob).where(ImportJob.uuid == uuid.lower()))
    if found is None:
        raise refusal(404, f"There is no import job {uuid[:40]}.")
    return found
