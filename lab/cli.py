"""The lab's command line. What a command needs is imported when it runs, so that ``--help`` is instant."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from .errors import LabError
from .given import json_file, json_object_file, json_option, ready_line, serving
from .terminal import aside, fitted, width

PATH = click.Path(path_type=Path)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_AGAIN_AFTER = 0.2
INTERRUPTED = 130
LIST = "python -m lab playbook list"
OWN_LAB = (
    "A lab starts for this one call, which takes a few seconds, and all in it is gone afterwards. "
    f"To keep one: {serving('lab.json')}, and in another terminal add --lab lab.json here."
)


class Stopped(KeyboardInterrupt):
    """The user wants the command to stop.

    Not KeyboardInterrupt itself: once that has passed through code that is made at run time, such as a dataclass in
    an import, Python kills itself at its end in place of giving the exit code (seen in 3.11).
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrongly called, 130 interrupted."""
    try:
        return commands.main(arguments, prog_name="python -m lab", standalone_mode=False) or 0
    except click.Abort:
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        where = f" See {error.ctx.command_path} --help." if error.ctx else ""
        aside(f"Error: {error.format_message()}{where}")
        return error.exit_code
    except LabError as error:
        aside(f"Error: {error}")
        return 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def commands() -> None:
    """A local FortiSOAR, FortiMonitor and FortiSIEM to run the Fortinet Incident Bridge in.

    Everything listens on 127.0.0.1 only. No licence, no appliance and no network are needed.
    """


@commands.command(short_help="Run the lab until Ctrl-C.")
@click.option("--state", type=PATH, metavar="DIR", help="Keep keys and data in DIR. Default: a temporary one.")
@click.option(
    "--ports",
    type=click.IntRange(0, 65531),
    metavar="BASE",
    help="Five ports from BASE on; 0 takes free ones. Default: 9443, 9444, 9445, 9446 and 9080.",
)
@click.option("--ready-file", type=PATH, metavar="FILE", help="Write the ready line to FILE too, while the lab runs.")
def serve(state: Path | None, ports: int | None, ready_file: Path | None) -> None:
    """Run the lab until Ctrl-C.

    Prints one line of JSON when everything answers: addresses, keys and the objects to try things with.
    Without --state, all of it is gone when the lab stops. Several labs run side by side, each with ports, a state
    folder and a ready file of its own.

    \b
    Examples:
      .venv/bin/python -m lab serve --ready-file lab.json
      .venv/bin/python -m lab serve --ports 0 --state mylab
    """
    stop = threading.Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stop.set())

    from .ready_file import expect_free, published
    from .running import running_lab

    if ready_file:
        expect_free(ready_file)
    with running_lab(state, ports) as lab:
        line = json.dumps(lab.ready)
        with published(ready_file, line) if ready_file else nullcontext():
            click.echo(line)
            click.echo(f"FortiSOAR answers on {lab.ready['fortisoar']['https']}. Ctrl-C stops the lab.", err=True)
            # The system may hand a signal to any thread (seen on Linux 6.18); Python runs its handler in this one, and
            # not before it wakes up by itself.
            while not stop.wait(LOOK_AGAIN_AFTER):
                pass


@commands.command(short_help="Run one action of the connector.")
@click.argument("action")
@click.option(
    "--params",
    default="{}",
    metavar="JSON",
    help="The action's parameters: a JSON object, or @FILE with one. Default: none.",
)
@click.option(
    "--lab",
    "lab_file",
    type=PATH,
    metavar="FILE",
    help="Use the running lab that wrote FILE (serve --ready-file FILE). Default: a lab for this one call.",
)
@click.option("--config-name", metavar="NAME", help="Use this configuration. Default: 'Lab', created at first use.")
def execute(action: str, params: str, lab_file: Path | None, config_name: str | None) -> None:
    """Run one ACTION of the connector and print FortiSOAR's whole answer as JSON.

    The connector is built from the working copy and installed, unless the lab has it already. The actions are in
    docs/actions.md, each with a page that has its parameters.

    \b
    Examples:
      .venv/bin/python -m lab execute get_diagnostics
      .venv/bin/python -m lab execute create_custom_incident \\
        --params '{"server": "1001", "description": "Slow",
          "plugin_textkey": "fortisoar.bridge",
          "resource_textkey": "fortisoar.incident"}'
    """
    _stop_once()

    from .connector import operations
    from .execution import expect_action, run_action

    wanted = _params(params)
    if lab_file is None:  # the working copy is installed: no need to start a lab for a name that is not in it
        expect_action(action, [name for name, each in operations().items() if each.get("visible", True)])
    with _lab(lab_file) as ready:
        answer = run_action(action, wanted, ready, config_name)
    click.echo(json.dumps(answer, indent=2))


@commands.command(short_help="Show the whole way, from the archive to its three actions.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document of all steps and nothing else.")
@click.option("--archive", type=PATH, metavar="FILE", help="Install this archive. Default: one built now.")
@click.option(
    "--config", type=PATH, metavar="FILE", help="Use the real systems that FILE names, as JSON. Default: the lab's."
)
@click.option("--yes", is_flag=True, help="With --config: go on, although real people may be paged.")
def demo(as_json: bool, archive: Path | None, config: Path | None, yes: bool) -> None:
    """Show the whole way: build, install, configure, create, resolve, update, what may go wrong, and two playbooks.

    Every step checks that what happened is what should have. The exit code is 0 only if all of them hold. It takes
    about five seconds.

    With --config, FortiSOAR stays the lab's, and the connector talks to the FortiMonitor and FortiSIEM that FILE names:
    the connector's configuration values, and beside them "server", "plugin_textkey" and "resource_textkey" for
    FortiMonitor, "siem_incident_id" for FortiSIEM. The playbooks are left out then.

    \b
    Examples:
      .venv/bin/python -m lab demo
      .venv/bin/python -m lab demo --config my-systems.json
    """
    _stop_once()
    if yes and config is None:
        raise LabError("--yes needs --config FILE: without it, no real systems are touched.")

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
    Examples:
      .venv/bin/python -m lab faults
      .venv/bin/python -m lab faults --lab lab.json \\
        --arm '{"kind": "reset", "product": "fortimonitor",
          "method": "POST", "when": "after"}'
      .venv/bin/python -m lab faults --lab lab.json --clear
    """
    if lab_file is None and (arm is not None or clear):
        raise LabError("--arm and --clear need --lab FILE, the ready file of a running lab.")
    if arm is not None and clear:
        raise LabError("--arm and --clear exclude each other. Clear first, then arm.")
    orders = json_option("--arm", arm) if arm is not None else None
    ready = ready_line(lab_file) if lab_file else None

    from rich.console import Console

    from .faults import remote, tables

    console = Console(highlight=False)
    if ready is None:
        tables.show_catalogue(console)
        return
    control = ready["control"]
    if orders is not None:
        remote.arm(control, orders)
    if clear:
        remote.clear(control)
    tables.show_faults(console, remote.listed(control))


@commands.group(short_help="List playbooks, run one step by step, or check them.")
def playbook() -> None:
    """List playbooks, run one in a lab step by step, or check them without running them."""


@playbook.command("list", short_help="List playbooks and what they need.")
@click.option("--lab", "lab_file", type=PATH, metavar="FILE", help="List those of the running lab that wrote FILE.")
@click.option("--file", type=PATH, metavar="FILE", help="List those of FILE, an export of playbooks.")
def list_playbooks(lab_file: Path | None, file: Path | None) -> None:
    """List playbooks: name, whether it is active, and what it needs to run.

    Without an option, the connector's own, as they are before anybody activates them.

    \b
    Examples:
      .venv/bin/python -m lab playbook list
      .venv/bin/python -m lab playbook list --lab lab.json
    """
    if lab_file and file:
        raise LabError("--lab and --file exclude each other.")

    from .connector import PLAYBOOKS, operations
    from .fortisoar.playbooks.export_file import by_collection, read_export_file
    from .fortisoar.playbooks.needs import told
    from .fortisoar.playbooks.trying import listed

    found = listed(ready_line(lab_file)) if lab_file else by_collection(read_export_file(file or PLAYBOOKS))
    for line in told(found, operations()):
        click.echo(fitted(line, width(), hang=2))
    if not found:
        aside("There are no playbooks yet: `execute` and `playbook run` install the connector with its own.")


@playbook.command("run", short_help="Run a playbook and show each step.")
@click.argument("name", required=False)
@click.option("--file", type=PATH, metavar="FILE", help="Run a playbook of FILE, an export from FortiSOAR.")
@click.option(
    "--lab",
    "lab_file",
    type=PATH,
    metavar="FILE",
    help="Use the running lab that wrote FILE (serve --ready-file FILE). Default: a lab for this one run.",
)
@click.option("--record", type=PATH, metavar="FILE", help="Create the record in FILE (JSON) first, and run on it.")
@click.option("--module", metavar="NAME", help="The record's module. Default: the playbook's own, or alerts.")
@click.option(
    "--params", default="{}", metavar="JSON", help="The playbook's parameters, or @FILE with them. Default: none."
)
@click.option(
    "--answer", "answers", multiple=True, metavar="OPTION", help="Choose OPTION at a manual input; repeatable."
)
def run_one(
    name: str | None,
    file: Path | None,
    lab_file: Path | None,
    record: Path | None,
    module: str | None,
    params: str,
    answers: tuple[str, ...],
) -> None:
    """Run the playbook NAME (or UUID) in a lab, and show each step.

    The connector is built from the working copy, installed and configured, unless the lab has it already. A step's
    line has its time, its name, its status and how long it took in seconds; below stand its arguments as rendered, and
    its result, long ones cut.

    With --file, the collections in FILE are brought into the lab first, in place of those with the same UUIDs, with
    their playbooks inactive. NAME chooses one of them; it is not needed if there is only one.

    \b
    Examples:
      .venv/bin/python -m lab playbook run "Get Diagnostics"
      .venv/bin/python -m lab playbook run \\
        "Get FortiSIEM Incident" \\
        --params '{"incident_id": "1"}'
      .venv/bin/python -m lab playbook run --file mine.json
    """
    _stop_once()
    if name is None and file is None:
        raise LabError(f"Name a playbook, or give --file FILE. All there are: {LIST}")

    from .fortisoar.playbooks.trying import Trial, run_playbook

    wanted = _params(params)
    fields = json_object_file(record, "the fields of a record") if record else None
    playbook, exported = _from_file(file, name) if file else (_known(str(name), lab_file), None)
    with _lab(lab_file) as ready:
        trial = Trial(playbook, exported, module, fields, wanted, list(answers))
        finished = run_playbook(ready, trial, lambda line: click.echo(fitted(line, width(), hang=2)))
    if not finished:
        raise click.exceptions.Exit(1)


@playbook.command("lint", short_help="Check playbooks without running them.")
@click.argument("file", type=PATH, required=False)
def lint_file(file: Path | None) -> None:
    """Check FILE, an export of playbooks; without it, the connector's own playbooks/playbooks.json.

    The connector's steps are checked against its info.json, which is looked for where a package has it: one folder up
    from FILE. Without one there, this connector's is taken. The exit code is 1 if anything is found.

    \b
    Examples:
      .venv/bin/python -m lab playbook lint
      .venv/bin/python -m lab playbook lint mine.json
    """
    from .connector import PLAYBOOKS

    path = file or PLAYBOOKS
    findings = _findings(path, json_object_file(path))
    for finding in findings:
        click.echo(fitted(finding, width(), hang=2))
    aside(f"{_counted(findings)} in {path}.")
    if findings:
        raise click.exceptions.Exit(1)


def _from_file(path: Path, name: str | None) -> tuple[str, dict[str, Any]]:
    """Return the UUID of the playbook that a name chooses in a file, and the file's export; count what may go wrong."""
    from .fortisoar.playbooks.export_file import chosen, read_export_file

    exported = read_export_file(path)
    uuid = str(chosen(path, exported, name)["uuid"])
    if findings := _findings(path, exported):
        aside(f"{_counted(findings)} in {path}, shown by: python -m lab playbook lint {path}")
    return uuid, exported


def _known(name: str, lab_file: Path | None) -> str:
    """Return a name that the connector's own playbooks have; what a running lab has, only that lab knows."""
    from .connector import PLAYBOOKS
    from .fortisoar.playbooks.export_file import named, read_export_file, workflows_of

    if lab_file is None:
        named(workflows_of(read_export_file(PLAYBOOKS)), name, LIST)
    return name


def _findings(path: Path, exported: dict[str, Any]) -> list[str]:
    from .connector import ROOT
    from .fortisoar.playbooks.checks.lint import lint

    manifest = _manifest(path.resolve().parent.parent / "info.json") or _manifest(ROOT / "info.json")
    return [str(finding) for finding in lint(exported, [manifest] if manifest else [])]


def _counted(findings: list[str]) -> str:
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"


def _manifest(path: Path) -> dict[str, Any] | None:
    """Return a connector's info.json, if there is one."""
    if not path.is_file():
        return None
    manifest = json_file(path)
    if not isinstance(manifest, dict) or not {"name", "version", "label", "operations"} <= manifest.keys():
        raise LabError(f"{path} is not the info.json of a connector.")
    return manifest


@contextmanager
def _lab(file: Path | None) -> Iterator[dict[str, Any]]:
    """Give the ready line of the running lab that wrote a file; without one, of a lab that runs during the block."""
    if file is not None:
        yield ready_line(file)
        return
    aside(OWN_LAB)

    from .running import running_lab

    with running_lab(base_port=0) as lab:
        yield lab.ready


def _stop_once() -> None:
    """Turn the first signal to stop into an exception, and ignore others while everything is put away."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for number in STOP_SIGNALS:
        signal.signal(number, interrupted)


def _params(text: str) -> dict[str, Any]:
    value = json_option("--params", text)
    if not isinstance(value, dict):
        raise LabError('--params must be a JSON object, such as {"incident_id": "1"}.')
    return value
