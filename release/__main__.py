"""`python -m release`: build, sign, verify and judge what is released, and write the pages that are made."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from .archive import ROOT, BuildError
from .archive import build as build_archive

EXISTING = click.Path(path_type=Path, exists=True)
INTO = click.option(
    "--into", type=click.Path(path_type=Path), default=ROOT / "dist", help="Folder to write to; default dist/."
)


@click.group()
def main() -> None:
    """Make what is released."""


@main.command()
@INTO
def build(into: Path) -> None:
    """Build the archive that FortiSOAR imports, and print its path.

    Beside it come a bill of materials for each Python, and the checksums of all (SHA256SUMS).
    """
    from .artefacts import make_release

    try:
        click.echo(make_release(into)[0])
    except (BuildError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--key", type=EXISTING, required=True, help="Private key of OpenSSH: ssh-keygen -t ed25519 -f KEY")
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / "dist")
def sign(key: Path, folder: Path) -> None:
    """Sign the checksums of a release, by default in dist/, and print the fingerprint of the key.

    What it writes is what `ssh-keygen -Y sign -n file -f KEY SHA256SUMS` writes.
    """
    from .checksums import SUMS, NotTrusted
    from .sshsig import SIGNATURE, fingerprint, key_of, private_key
    from .sshsig import sign as signature_of
    from .verify import verified

    try:
        private = private_key(key.read_bytes(), str(key))
        (folder / SIGNATURE).unlink(missing_ok=True)
        verified(folder)
        (folder / SIGNATURE).write_bytes(signature_of((folder / SUMS).read_bytes(), private))
    except (NotTrusted, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Signed by {fingerprint(key_of(private))}")


@main.command()
@click.argument("place", type=EXISTING)
@click.option("--signer", type=EXISTING, help="Public key of who must have signed it, or a list of such keys.")
def verify(place: Path, signer: Path | None) -> None:
    """Verify a release: its checksums, its signature and its bills of materials.

    PLACE is a folder, an archive with its checksums beside it, or a bundle. Ends with 1 if anything is not what it
    should be. Needs no network.
    """
    from .checksums import NotTrusted
    from .verify import verified

    try:
        found = verified(place, signer)
    except (NotTrusted, OSError) as error:
        raise click.ClickException(str(error)) from None
    for name in found.files:
        click.echo(f"ok {name}")
    if found.others:
        click.echo(f"Not covered: {', '.join(found.others)}")
    if found.signer is None:
        click.echo("Not signed: whoever could change a file could change its checksum.")
    elif signer is None:
        click.echo(f"Signed by {found.signer}. Compare it with the maker's, or name the key with --signer.")
    else:
        click.echo(f"Signed by {found.signer}, as {signer.name} wants it.")


@main.command()
@INTO
@click.option("--key", type=EXISTING, help="Private key of OpenSSH that signs the bundle.")
def bundle(into: Path, key: Path | None) -> None:
    """Make the bundle for machines without a network, and print its path.

    It holds the archive, the libraries for Python 3.9 and 3.12 on x86-64 and ARM, documentation, bills of materials,
    checksums, and a command each to verify and to install. Downloads the libraries.
    """
    from .bundle import make_bundle
    from .checksums import NotTrusted
    from .sshsig import private_key

    try:
        private = private_key(key.read_bytes(), str(key)) if key else None
        click.echo(make_bundle(into, private))
    except (BuildError, NotTrusted, OSError, ValueError) as error:
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
def quality() -> None:
    """Tell which tier of the quality scale is reached, and check that all that is done has what holds it."""
    from .quality import in_words
    from .quality import quality as kept_rules

    try:
        for line in in_words(kept_rules()):
            click.echo(line)
    except BuildError as error:
        raise click.ClickException(str(error)) from None


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
