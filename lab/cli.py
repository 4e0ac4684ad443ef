"""The lab's command line. What a command needs is imported when it runs, so that ``--help`` is instant."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import click

from .errors import LabError

PATH = click.Path(path_type=Path)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_AGAIN_AFTER = 0.2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrongly called, 130 interrupted."""
    try:
        return commands.main(arguments, prog_name="python -m lab", standalone_mode=False) or 0
    except click.Abort:
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except LabError as error:
        click.echo(f"Error: {error}", err=True)
        return 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """A local FortiSOAR, FortiMonitor and FortiSIEM to run the Fortinet Incident Bridge in.

    Everything listens on 127.0.0.1 only. No licence, no appliance and no network are needed.
    """


@commands.command(short_help="Run the lab until Ctrl-C.")
@click.option("--state", type=PATH, metavar="DIR", help="Keep keys and data in DIR.")
@click.option(
    "--ports",
    type=click.IntRange(0, 65531),
    metavar="BASE",
    help="Five ports from BASE on; 0 takes free ones. Without it: 9443, 9444, 9445, 9446 and 9080.",
)
@click.option("--ready-file", type=PATH, metavar="FILE", help="Write the ready line to FILE too, while the lab runs.")
def serve(state: Path | None, ports: int | None, ready_file: Path | None) -> None:
    """Run the lab until Ctrl-C.

    Prints one line of JSON when everything answers: addresses, keys and the objects to try things with.
    Without --state, all of it is gone when the lab stops.
    """
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())

    from .running import running_lab
    from .state import write_whole

    with running_lab(state, ports) as lab:
        line = json.dumps(lab.ready)
        if ready_file:
            write_whole(ready_file, line + "\n")
        try:
            click.echo(line)
            click.echo(f"FortiSOAR answers on {lab.ready['fortisoar']['https']}. Ctrl-C stops the lab.", err=True)
            # The system may hand a signal to any thread (seen on Linux 6.18); Python runs its handler in this one, and
            # not before it wakes up by itself.
            while not stop.wait(LOOK_AGAIN_AFTER):
                pass
        finally:
            if ready_file:
                ready_file.unlink(missing_ok=True)


@commands.command(short_help="Run one action of the connector.")
@click.argument("action")
@click.option(
    "--params", default="{}", metavar="JSON", help="The action's parameters: a JSON object, or @FILE with one."
)
@click.option(
    "--lab", "lab_file", type=PATH, metavar="FILE", help="Use the running lab that wrote FILE (--ready-file)."
)
@click.option("--config-name", metavar="NAME", help="Use this configuration. Without it: 'Lab', created at first use.")
def execute(action: str, params: str, lab_file: Path | None, config_name: str | None) -> None:
    """Run one ACTION of the connector and print FortiSOAR's whole answer.

    Without --lab, a lab is started for this one call, with an archive built from the working copy. With --lab, the
    connector is installed only if it is not there yet.

    \b
    Example:
      python -m lab execute create_custom_incident --params '{"server": "1001",
        "description": "Checkout is slow", "plugin_textkey": "...", "resource_textkey": "..."}'
    """
    _stop_once()

    from .execution import run_action

    wanted = _params(params)
    click.echo(json.dumps(run_action(action, wanted, _ready_of(lab_file), config_name), indent=2))


@commands.command(short_help="Show the whole way, from the archive to its three actions.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document of all steps and nothing else.")
@click.option("--archive", type=PATH, metavar="FILE", help="Use this archive; do not build one.")
@click.option(
    "--config", type=PATH, metavar="FILE", help="Use real systems: JSON with the connector's configuration (above)."
)
@click.option("--yes", is_flag=True, help="With --config: go on, although real people may be paged.")
def demo(as_json: bool, archive: Path | None, config: Path | None, yes: bool) -> None:
    """Show the whole way: build, install, configure, create, resolve, update, three failures, and two playbooks.

    Every step checks that what happened is what should have. The exit code is 0 only if all of them hold.

    With --config, FortiSOAR stays the lab's, and the connector talks to the FortiMonitor and FortiSIEM that FILE names:
    the connector's configuration values, and beside them "server", "plugin_textkey" and "resource_textkey" for
    FortiMonitor, "siem_incident_id" for FortiSIEM. The playbooks are left out then.
    """
    _stop_once()

    from .demo import run_demo

    if not run_demo(as_json, archive, config, yes):
        raise click.exceptions.Exit(1)


@commands.command(short_help="List the faults, arm them, clear them.")
@click.option("--lab", "lab_file", type=PATH, metavar="FILE", help="Show what is armed in the lab that wrote FILE.")
@click.option("--arm", metavar="JSON", help="With --lab: arm a fault, or a list of them; or @FILE with one.")
@click.option("--clear", is_flag=True, help="With --lab: forget every fault.")
def faults(lab_file: Path | None, arm: str | None, clear: bool) -> None:
    """List the faults that can strike between the connector and the products.

    With --lab, list those that are armed in a running lab, or change them.

    \b
    Example:
      python -m lab faults --lab lab.json --arm '{"kind": "reset",
        "product": "fortimonitor", "method": "POST", "when": "after"}'
    """
    if lab_file is None and (arm is not None or clear):
        raise LabError("--arm and --clear need --lab FILE, the ready file of a running lab.")
    if arm is not None and clear:
        raise LabError("--arm and --clear exclude each other. Clear first, then arm.")
    orders = _json_value("--arm", arm) if arm is not None else None
    ready = _ready_of(lab_file)

    from rich.console import Console

    from .faults import remote, tables

    console = Console(highlight=False)
    if ready is None:
        tables.show_catalogue(console)
        return
    control_url = ready["control"]["url"]
    if orders is not None:
        remote.arm(control_url, orders)
    if clear:
        remote.clear(control_url)
    tables.show_faults(console, remote.listed(control_url))


@commands.group(short_help="Run a playbook step by step, or check playbooks.")
def playbook() -> None:
    """Run one of the connector's playbooks in a lab, or check playbooks without running them."""


@playbook.command("run", short_help="Run a playbook and show each step.")
@click.argument("name")
@click.option("--record", type=PATH, metavar="FILE", help="Create the record in FILE (JSON) first, and run on it.")
@click.option("--module", default="alerts", show_default=True, metavar="NAME", help="The record's module.")
@click.option("--params", default="{}", metavar="JSON", help="The playbook's parameters, or @FILE with them.")
@click.option(
    "--answer", "answers", multiple=True, metavar="OPTION", help="Choose OPTION at a manual input; repeatable."
)
def run_one(name: str, record: Path | None, module: str, params: str, answers: tuple[str, ...]) -> None:
    """Run the playbook NAME of the connector in a lab of its own, and show each step.

    The connector is built from the working copy, installed and configured. A step's line has its time, its name and
    its status; below stand its arguments as rendered, and its result.
    """
    _stop_once()

    from .fortisoar.playbooks.trying import run_playbook

    wanted = _params(params)
    fields = _parsed(str(record), _text_of(record)) if record else None
    if fields is not None and not isinstance(fields, dict):
        raise LabError(f"{record} must hold a JSON object, the fields of a record.")
    if not run_playbook(name, module, fields, wanted, list(answers), click.echo):
        raise click.exceptions.Exit(1)


@playbook.command("lint", short_help="Check playbooks without running them.")
@click.argument("file", type=PATH, required=False)
def lint_file(file: Path | None) -> None:
    """Check FILE, an export of playbooks; without it, the connector's own playbooks/playbooks.json.

    The connector's steps are checked against its info.json, which is looked for where a package has it: one folder up
    from FILE. Without one there, this connector's is taken. The exit code is 1 if anything is found.
    """
    from .connector import ROOT
    from .fortisoar.playbooks.checks.lint import lint

    path = file or ROOT / "playbooks" / "playbooks.json"
    exported = _parsed(str(path), _text_of(path))
    if not isinstance(exported, dict):
        raise LabError(f"{path} must hold a JSON object.")
    manifest = _manifest(path.resolve().parent.parent / "info.json") or _manifest(ROOT / "info.json")
    findings = lint(exported, [manifest] if manifest else [])
    for finding in findings:
        click.echo(str(finding))
    click.echo(f"{len(findings)} finding{'' if len(findings) == 1 else 's'} in {path}.", err=True)
    if findings:
        raise click.exceptions.Exit(1)


def _manifest(path: Path) -> dict[str, Any] | None:
    """Return a connector's info.json, if there is one."""
    if not path.is_file():
        return None
    manifest = _parsed(str(path), _text_of(path))
    if not isinstance(manifest, dict) or not {"name", "version", "label", "operations"} <= manifest.keys():
        raise LabError(f"{path} is not the info.json of a connector.")
    return manifest


def _stop_once() -> None:
    """Turn the first signal to stop into KeyboardInterrupt, and ignore others while everything is put away."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        signal.signal(number, interrupted)


def _params(text: str) -> dict[str, Any]:
    value = _json_value("--params", text)
    if not isinstance(value, dict):
        raise LabError('--params must be a JSON object, such as {"incident_id": "1"}.')
    return value


def _ready_of(lab_file: Path | None) -> dict[str, Any] | None:
    if lab_file is None:
        return None
    ready = _parsed(str(lab_file), _text_of(lab_file))
    parts = {"fortisoar": "https", "fortimonitor": "url", "fortisiem": "url", "control": "url"}
    if not (isinstance(ready, dict) and all(_has_text(ready.get(part), key) for part, key in parts.items())):
        raise LabError(f"{lab_file} is not the ready line of a lab.")
    return ready


def _has_text(part: Any, key: str) -> bool:
    return isinstance(part, dict) and isinstance(part.get(key), str)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _json_value(option: str, text: str) -> Any:
    """Return the JSON value of an option: the text itself, or that of the file that it names with @."""
    return _parsed(option, _text_of(Path(text[1:])) if text.startswith("@") else text)


def _parsed(source: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabError(f"{source} is not JSON: {error}.") from error
