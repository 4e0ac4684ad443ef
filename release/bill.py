"""The bill of materials of a release: what is installed with the connector in a Python, as CycloneDX 1.6."""

from __future__ import annotations

import json
import uuid
from hashlib import sha256
from pathlib import Path
from typing import Any

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from .archive import BuildError
from .libraries import LICENCES, LOCK, REQUIREMENTS, Library, libraries

ENDING = ".cdx.json"
PYTHON = "python"  # the property that says for which


def bill_name(archive: Path, python: str) -> str:
    """Return the name of the file."""
    return f"{archive.stem}-python{python}{ENDING}"


def bill(archive: Path, info: dict[str, Any], python: str, root: Path) -> str:
    """Return what is installed with an archive in a Python as JSON: always the same text for the same archive and lock.

    Raises: BuildError where a library has no licence in our table.
    """
    content = sha256(archive.read_bytes()).hexdigest()
    connector = Component(
        bom_ref=info["name"],
        type=ComponentType.APPLICATION,
        name=info["name"],
        version=info["version"],
        publisher=info["publisher"],
        purl=PackageURL("generic", None, info["name"], info["version"]),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content)],
        licenses=[LicenseExpression("MIT")],
    )
    locked = libraries(python, root)
    components = {each.name: _component(each, python) for each in locked}
    made = Bom(
        # Of what it describes, where others are random.
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"{connector.purl} {content} {python}"),
        metadata=BomMetaData(component=connector, properties=[Property(name=PYTHON, value=python)]),
        components=components.values(),
        dependencies=_dependencies(connector, components, locked),
    )
    written = json.loads(JsonV1Dot6(made).output_as_string())
    del written["metadata"]["timestamp"]  # the library fills in the clock's
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def _component(library: Library, python: str) -> Component:
    if library.name not in LICENCES:
        raise BuildError(f"{LOCK.format(python)} has {library.name}, whose licence LICENCES in libraries.py lacks.")
    purl = PackageURL("pypi", None, library.name, library.version)
    files = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in library.hashes]
    return Component(
        bom_ref=library.name,
        name=library.name,
        version=library.version,
        purl=purl,
        licenses=[LicenseExpression(LICENCES[library.name])],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(str(purl)),
                comment="One of these files is installed, whichever fits the machine.",
                hashes=files,
            )
        ],
    )


def _dependencies(connector: Component, components: dict[str, Component], locked: list[Library]) -> list[Dependency]:
    def needed(name: str) -> list[Dependency]:
        return [Dependency(components[each.name].bom_ref) for each in locked if name in each.needed_by]

    own = Dependency(connector.bom_ref, needed(REQUIREMENTS))
    return [own, *(Dependency(component.bom_ref, needed(name)) for name, component in components.items())]
