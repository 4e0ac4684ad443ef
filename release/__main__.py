"""`python -m release`: build the archive and what goes into it, write the generated pages, check types and layers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from .archive import ROOT, BuildError
from .archive import build as build_archive


@click.group()
def main() -> None:
    """Make what is released."""


@main.command()
@click.option(
    "--into", type=click.Path(path_type=Path), default=ROOT / "dist", help="Folder to write to; default dist/."
)
def build(into: Path) -> None:
    """Build the archive that FortiSOAR imports, and print its path."""
    try:
        click.echo(build_archive(into))
    except (BuildError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
def icons() -> None:
    """Draw the connector's icons into images/."""
    from .icons import draw

    for path in draw(ROOT / "images"):
        click.echo(path)


@main.command()
def playbooks() -> None:
    """Build the collection of playbooks from its sources."""
    from .playbooks import COLLECTION
    from .playbooks import build as build_playbooks

    try:
        (ROOT / COLLECTION).write_text(build_playbooks(), encoding="ascii")
    except BuildError as error:
        raise click.ClickException(str(error)) from None
    click.echo(ROOT / COLLECTION)


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is not up to date. Needs no lab.")
def docs(check: bool) -> None:
    """Execute the examples in the lab, and write the pages that are made."""
    from lab.errors import LabError

    from . import pages

    try:
        if check:
            pages.check_pages()
            return
        for path in pages.make_pages():
            click.echo(path)
    except (BuildError, LabError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("connector", type=click.Path(path_type=Path), required=False)
@click.option("--form", type=click.Choice(["text", "json", "sarif"]), default="text", help="How to tell; default text.")
@click.option("--contribute", is_flag=True, help="Apply the rules of Fortinet's own repositories, too.")
@click.pass_context
def check(context: click.Context, connector: Path | None, form: str, contribute: bool) -> None:
    """Judge a connector: a folder or an archive; without one, the archive of this working copy.

    Ends with 1 if an error is found. Nothing is sent anywhere, and none of the connector's code is run.
    """
    from .check import Severity, Unreadable, as_json, as_sarif, as_text, findings, read

    try:
        with TemporaryDirectory() as folder:
            found = findings(read(connector or build_archive(Path(folder))), contribute)
    except (Unreadable, BuildError) as error:
        raise click.ClickException(str(error)) from None
    if form == "text":
        errors = sum(rule.severity is Severity.ERROR for rule, _ in found)
        for line in as_text(found):
            click.echo(line)
        click.echo(f"{errors} errors, {len(found) - errors} warnings.")
    else:
        click.echo(as_json(found) if form == "json" else as_sarif(found))
    context.exit(any(rule.severity is Severity.ERROR for rule, _ in found))


@main.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path), required=False)
@click.pass_context
def diff(context: click.Context, old: Path, new: Path | None) -> None:
    """Tell what a new version breaks, and which number it needs; without NEW, for the archive of this working copy.

    Each is a folder or an archive. Ends with 1 if the new version's number is too low for what has changed.
    """
    from .check import Unreadable, read
    from .compare import broken_steps, changes, is_enough, needed

    try:
        with TemporaryDirectory() as folder:
            before, after = read(old), read(new or build_archive(Path(folder)))
        found = changes(before, after)
        least, version = needed(before.version, found), after.version
    except (Unreadable, BuildError) as error:
        raise click.ClickException(str(error)) from None
    for change in found:
        click.echo(f"{change.level.name.lower():5} {change.where} {change.what}")
    for step in broken_steps(before, after):
        click.echo(f"      {step}")
    enough = is_enough(version, least)
    click.echo(f"{before.version} to {version}: {'enough' if enough else f'too low, {least} is needed'}.")
    context.exit(not enough)


@main.command()
@click.pass_context
def types(context: click.Context) -> None:
    """Check the package's types with mypy."""
    from .checks import check_types

    context.exit(check_types())


@main.command()
@click.pass_context
def layers(context: click.Context) -> None:
    """Check that the package's modules import only from their own layer and those below."""
    from .checks import check_layers

    context.exit(check_layers())


if __name__ == "__main__":
    main(prog_name="python -m release")
