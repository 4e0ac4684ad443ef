"""The health of the cluster's one node: figures of this machine, and of the lab's own database and runs."""

from __future__ import annotations

import os
import pwd
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from sqlalchemy import func, select
from starlette.routing import Route

from ...kit.clock import Clock
from ...kit.store import Store
from ...kit.switches import Switches
from ..calls import Answer, Call, route
from ..playbooks.models import Run
from ..refusals import refusal
from ..shapes import Row
from .licence import NODE, NODE_NAME

SERVICES = (
    "rabbitmq-server elasticsearch postgresql-16 nginx cyops-auth php-fpm uwsgi cyops-tomcat cyops-search "
    "cyops-postman cyops-integrations-agent fsr-workflow fsr-api-consumer celeryd celerybeatd cyops-ha"
)
# What each section of a query keeps, beside what names the node.
SECTIONS = {"cpu": "cpu", "disk": "disk", "ram": "memory", "swap": "memory", "services": "services"}
NAMING = ("node_id", "node_name", "mode", "status", "timestamp", "health_details_collect_time")
PROC = Path("/proc")
UNIT, KIB = 1024**3, 1024
LOADED = time.monotonic()


class Health:
    """``/api/auth/cluster/health``."""

    def __init__(self, folder: Path, store: Store, clock: Clock, switches: Switches) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._switches = switches

    def routes(self) -> Iterable[Route]:
        """Return the addresses of health."""
        for slash in ("", "/"):
            yield route("GET", f"/api/auth/cluster/health{slash}", self._answer)

    def _answer(self, call: Call) -> Answer:
        """Answer with a list of nodes. ``latest`` asks for the node that answers, which is the only one here."""
        node = call.query.get("nodeId", NODE)
        if node != NODE:
            if self._switches["unknown_health_node"] == 400:
                raise refusal(400, f"There is no node {node}.")
            return 200, []
        sections = [each for each in call.query.get("section", "").split(",") if each]
        unknown = set(sections) - SECTIONS.keys() - {"all"}
        if unknown:
            raise refusal(400, f"There is no section {min(unknown)}. Sections: {', '.join(SECTIONS)}, all.")
        row = self._row()
        is_whole = not sections or "all" in sections or self._switches["cluster_health_sections"] == "whole"
        return 200, [row if is_whole else _trimmed(row, sections)]

    def _row(self) -> Row:
        now = self._clock.now()
        return {
            "connectivity": {"connected": ["postgres", "elasticsearch", "rabbitmq"], "not_connected": []},
            "cpu": _cpu(),
            "disk": [_disk(self._folder)],
            "health_details_collect_time": now.strftime("%b-%d-%Y %H:%M:%S UTC"),
            "memory": _memory(),
            "misc_stat": self._misc(now),
            "mode": "operational",
            "node_id": NODE,
            "node_name": NODE_NAME,
            "remote_node_communication": 0,
            "replication_stat": [],
            "resource_consuming_process": {"cpu": [_process()], "ram": [_process()], "swap": []},
            # All of them are this one process, which answers.
            "services": {"running": SERVICES.split(), "not_running": []},
            "status": "green",
            "timestamp": int(now.timestamp()),
            "workflow": self._workflow(now),
            "workflow_vacuum": None,
        }

    def _misc(self, now: datetime) -> Row:
        seconds = _age()
        size, wal = self._sizes()
        # One database stands for the appliance's three; that its sizes are bytes is assumed.
        databases = {name: {"size": size} for name in ("gateway", "sealab", "venom")}
        return {
            "database": databases,
            "heartbeat": [],
            "is_primary": True,
            "nginx_cert_status": _certificate(self._folder / "ca.pem", now),
            "pg_cert_status": {},
            "sme_cert_status": {},
            "uptime": {"human_readable": str(timedelta(seconds=int(seconds))), "seconds": round(seconds, 2)},
            "wal": {"count": int(wal > 0), "size_gb": round(wal / UNIT, 3)},
        }

    def _sizes(self) -> tuple[int, int]:
        """Return the bytes of the database and of its log."""
        return _size(self._folder / "fortisoar.sqlite"), _size(self._folder / "fortisoar.sqlite-wal")

    def _workflow(self, now: datetime) -> Row:
        since = now - timedelta(hours=1)
        with self._store.transaction() as session:
            waiting = session.scalar(select(func.count()).select_from(Run).where(Run.status == "incipient")) or 0
            started = Counter(session.scalars(select(Run.name).where(Run.created >= since.replace(tzinfo=None))))
        return {
            "mq": {"higher": "", "lower": "", "medium": "", "total_size": waiting},
            "playbook": {
                "data": [{"name": name, "total": total} for name, total in started.most_common()],
                "from_time": since.strftime("%Y-%m-%d+%H:%M:%S"),
                "to_time": now.strftime("%Y-%m-%d+%H:%M:%S"),
                "total": started.total(),
            },
            "vaccum": {"log_size": sum(self._sizes()), "percent": 0.0, "status": "completed"},
        }


def _trimmed(row: Row, sections: list[str]) -> Row:
    kept: Row = {name: row[name] for name in (*NAMING, *(SECTIONS[each] for each in sections))}
    if "memory" in kept:
        kept["memory"] = {each: kept["memory"][each] for each in ("ram", "swap") if each in sections}
    return kept


def _cpu() -> Row:
    minutes, cores = os.getloadavg(), os.cpu_count() or 1
    loads = {f"load_avg_minute_{span}": round(load, 2) for span, load in zip((1, 5, 15), minutes, strict=True)}
    return loads | {"no_of_logical_cpu_core": cores, "percent": round(min(100.0, 100 * minutes[0] / cores), 1)}


def _disk(folder: Path) -> Row:
    usage = shutil.disk_usage(folder)
    device, mountpoint = _mount(folder)
    return {
        "avail": _gigabytes(usage.free),
        "device": device,
        "mountpoint": mountpoint,
        "percent": round(100 * usage.used / usage.total, 1),
        "total": _gigabytes(usage.total),
        "used": _gigabytes(usage.used),
    }


def _mount(folder: Path) -> tuple[str, str]:
    """Return the device and the place of the file system that a folder is on."""
    here = folder.resolve()
    places = [line.split()[:2] for line in _lines(PROC / "mounts")]
    over = [(device, place) for device, place in places if here.is_relative_to(place)]
    return max(over, key=lambda each: len(each[1]), default=("", here.anchor))


def _memory() -> Row:
    """Return the memory of this machine, zeros where it does not tell."""
    sizes = {
        name: int(rest.split()[0]) * KIB for name, _, rest in (line.partition(":") for line in _lines(PROC / "meminfo"))
    }
    ram, free = sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)
    swap, unused = sizes.get("SwapTotal", 0), sizes.get("SwapFree", 0)
    return {
        "ram": {"avail": _gigabytes(free), "percent": _percent(ram - free, ram)} | _total(ram, ram - free),
        "swap": {"free": _gigabytes(unused), "percent": _percent(swap - unused, swap)} | _total(swap, swap - unused),
    }


def _total(total: int, used: int) -> Row:
    return {"total": _gigabytes(total), "used": _gigabytes(used)}


def _process() -> Row:
    """Return the lab's own process. Those of others are nobody's business, and their command lines least."""
    fields = {name: rest.strip() for name, _, rest in (line.partition(":") for line in _lines(PROC / "self/status"))}
    ram, size = (int(fields.get(name, "0 kB").split()[0]) * KIB for name in ("VmRSS", "VmSize"))
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cmdline": "python -m lab",
        "cpu_percent": f"{_percent(int(time.process_time() * 1000), int(_age() * 1000)):.1f}",
        "memory_percent": f"{_percent(ram, total):.1f}",
        "pid": str(os.getpid()),
        "ram": f"{ram / KIB**2:.1f}M",
        "uid": str(os.getuid()),
        "user": pwd.getpwuid(os.getuid()).pw_name,
        "vsize": f"{size / KIB**2:.1f}M",
    }


def _age() -> float:
    """Return the seconds since this file was loaded, which is about how old the lab's process is."""
    return time.monotonic() - LOADED


def _certificate(path: Path, now: datetime) -> Row:
    if not path.is_file():
        return {}
    expiry = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    status = "Not Expired" if expiry > now.astimezone(timezone.utc) else "Expired"
    return {"expiry_date": expiry.strftime("%d %B, %Y"), "expiry_status": status}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _gigabytes(size: int) -> str:
    return f"{size / UNIT:.1f}G"
