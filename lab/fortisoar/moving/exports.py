"""Export: templates, and the jobs that make a file of what they choose."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..app import VERSION
from ..caller import caller
from ..calls import Answer, Call, route
from ..files import Files
from ..jobs import Jobs
from ..refusals import refusal
from .bundles import write_bundle
from .collecting import CannotExport, Collector
from .content import Row
from .listing import page_of, selected
from .models import ExportJob, ExportTemplate

TEMPLATES, JOBS = "/api/3/export_templates", "/api/3/export_jobs"
WIZARD = "Export Wizard"
KEPT = ("name", "options", "type", "metadata", "infoContent")  # of what a template is sent with
EXPORTING, COMPLETE, FAILED = "Exporting", "Export Complete", "Export Failed"


class Exports:
    """The addresses of templates and export jobs, and the work of the jobs."""

    def __init__(
        self, store: Store, clock: Clock, switches: Switches, jobs: Jobs, files: Files, collector: Collector
    ) -> None:
        self._store = store
        self._clock = clock
        self._switches = switches
        self._jobs = jobs
        self._files = files
        self._collector = collector

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            route("GET", TEMPLATES, self._list_templates),
            route("POST", TEMPLATES, self._create_template),
            route("GET", f"{TEMPLATES}/{{uuid}}", self._read_template),
            route("PUT", f"{TEMPLATES}/{{uuid}}", self._update_template),
            route("DELETE", f"{TEMPLATES}/{{uuid}}", self._delete_template),
            route("PUT", "/api/export", self._start),
            route("GET", JOBS, self._list_jobs),
            route("GET", f"{JOBS}/{{uuid}}", self._read_job),
        ]

    def resume(self) -> None:
        """Take up the exports that were under way when the lab stopped."""
        with self._store.transaction() as session:
            left_over = session.scalars(select(ExportJob.uuid).where(ExportJob.under_way)).all()
        for uuid in left_over:
            self._jobs.start(self._export, uuid)

    # Templates.

    def _list_templates(self, call: Call) -> Answer:
        """List templates; ``name`` finds those that begin with it, as a client tells."""
        with self._store.transaction() as session:
            found = session.scalars(select(ExportTemplate).order_by(ExportTemplate.id))
            rows = [_template_row(each) for each in found]
        rows = [row for row in rows if str(row["name"]).startswith(call.query.get("name", ""))]
        return 200, page_of(rows, call, "ExportTemplate")

    def _create_template(self, call: Call) -> Answer:
        document = {"type": WIZARD, "options": {}, "metadata": {}, **_checked(call.fields)}
        if not document.get("name"):
            raise refusal(400, "name: This value should not be blank.")
        now = self._clock.now().timestamp()
        template = ExportTemplate(uuid=str(uuid4()), document=document, created=now, modified=now)
        with self._store.transaction() as session:
            session.add(template)
            session.flush()
            return 201, _single(_template_row(template))

    def _read_template(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            return 200, _single(_template_row(_template(session, call.path["uuid"])))

    def _update_template(self, call: Call) -> Answer:
        """Change a template; its options are replaced as a whole, as a client tells."""
        with self._store.transaction() as session:
            template = _template(session, call.path["uuid"])
            template.document = {**template.document, **_checked(call.fields)}
            template.modified = self._clock.now().timestamp()
            return 200, _single(_template_row(template))

    def _delete_template(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            session.delete(_template(session, call.path["uuid"]))
        return 204, None

    # Jobs.

    def _start(self, call: Call) -> Answer:
        """Begin an export. That another ending of the name than the two known ones is refused is assumed: no source."""
        name = call.query.get("fileName", "")
        if not name.endswith((".json", ".zip")) or "/" in name:
            raise refusal(400, "fileName must be the name of a file that ends in .json or .zip.")
        with self._store.transaction() as session:
            template = _template(session, call.query.get("template", ""), self._switches["unknown_template_status"])
            job = ExportJob(
                uuid=str(uuid4()),
                options=template.document["options"],
                file_name=name,
                type=template.document["type"],
                under_way=not stalls(self._switches),
            )
            session.add(job)
        if job.under_way:
            self._jobs.start(self._export, job.uuid)
        return 200, {"@type": "ExportJob", "jobUuid": job.uuid}

    def _list_jobs(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            rows = [self._job_row(job) for job in session.scalars(select(ExportJob).order_by(ExportJob.id))]
        return 200, page_of(rows, call, "ExportJob")

    def _read_job(self, call: Call) -> Answer:
        with self._store.transaction() as session:
            return 200, selected(_single(self._job_row(_job(session, call.path["uuid"]))), call)

    def _job_row(self, job: ExportJob) -> Row:
        return {
            "@id": f"{JOBS}/{job.uuid}",
            "@type": "ExportJob",
            "currentlyExporting": job.currently,
            "errorMessage": job.error,
            "file": self._files.record(job.file) if job.file else None,
            "fileName": job.file_name,
            "id": job.id,
            "progressPercent": job.progress,
            "status": job.status,
            "type": job.type,
            "uuid": job.uuid,
        }

    # The work.

    def _export(self, uuid: str) -> None:
        def begins(part: str, share: float) -> None:
            self._change(uuid, status=EXPORTING, currently=part, progress=int(10 + 80 * share))
            self._jobs.pause(0.15)

        try:
            self._jobs.pause(0.1)
            with self._store.transaction() as session:
                job = _job(session, uuid)
            content = self._collector.collect(job.options, begins)
            self._change(uuid, status=EXPORTING, currently="file", progress=90)
            self._jobs.pause(0.15)
            as_zip = job.file_name.endswith(".zip")
            about = {
                "version": VERSION,
                "date": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S+00:00"),
                "exported_from": "127.0.0.1",
                "exported_by": "CS Admin",
            }
            file = write_bundle(content, about, as_zip, f"export_{uuid}")
            stored = self._files.add(job.file_name, "application/zip" if as_zip else "application/json", file)
            self._change(uuid, status=COMPLETE, currently=None, progress=100, file=stored["uuid"], under_way=False)
        except CannotExport as problem:
            self._change(uuid, status=FAILED, error=str(problem), under_way=False)
        except Exception as error:
            reason = f"The local FortiSOAR failed: {type(error).__name__}: {error}"
            self._change(uuid, status=FAILED, error=reason, under_way=False)
            raise

    def _change(self, uuid: str, **values: Any) -> None:
        with self._store.transaction() as session:
            job = _job(session, uuid)
            for name, value in values.items():
                setattr(job, name, value)


def stalls(switches: Switches) -> bool:
    """Tell whether the job that a request asks for never gets under way."""
    return switches["api_key_jobs"] == "stall" and caller().kind == "key"


def _single(row: Row) -> Row:
    return {"@context": f"/api/3/contexts/{row['@type']}", **row}


def _template_row(template: ExportTemplate) -> Row:
    return {
        "@id": f"{TEMPLATES}/{template.uuid}",
        "@type": "ExportTemplate",
        **template.document,
        "createDate": template.created,
        "id": template.id,
        "modifyDate": template.modified,
        "uuid": template.uuid,
    }


def _checked(fields: Row) -> Row:
    kept = {key: fields[key] for key in KEPT if key in fields}
    if not isinstance(kept.get("options", {}), dict):
        raise refusal(400, "options: This value should be an object.")
    for key in ("name", "type"):
        if not isinstance(kept.get(key, ""), str):
            raise refusal(400, f"{key}: This value should be a text.")
    return kept


def _template(session: Session, uuid: str, status: int = 404) -> ExportTemplate:
    found = session.scalar(select(ExportTemplate).where(ExportTemplate.uuid == uuid.lower()))
    if found is None:
        raise refusal(status, f"There is no export template {uuid[:40]}.")
    return found


def _job(session: Session, uuid: str) -> ExportJob:
    found = session.scalar(select(ExportJob).where(ExportJob.uuid == uuid.lower()))
    if found is None:
        raise refusal(404, f"There is no export job {uuid[:40]}.")
    return found
