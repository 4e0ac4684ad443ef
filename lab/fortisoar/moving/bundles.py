"""The file of an export: a ZIP archive with one folder, or a single JSON text.

The folder is laid out as Fortinet publishes solution packs. How the appliance lays out the single JSON text, no source
tells: here it holds the same documents by the same paths.
"""

from __future__ import annotations

import io
import json
import posixpath
import stat
import zipfile
import zlib
from collections import Counter
from dataclasses import replace
from typing import Any

from ...kit.shallow_json import read_json
from ..unpacking import LARGEST, MOST_MEMBERS, BadArchive, check_name
from .content import Content, Row, check

INFO, METADATA = "info.json", "collection.metadata.json"
PICKLISTS, MODULES, RECORDS, PLAYBOOKS, CONNECTORS = "picklists", "modules", "records", "playbooks", "connectors"
VARIABLES, TAGS, INSTALLERS = f"{PLAYBOOKS}/globalVariables.json", f"{PLAYBOOKS}/tags.json", f"{CONNECTORS}/data.json"
FILES = "files"  # the key of the single JSON text
ENTRY = b"PK\x01\x02"  # begins each entry of a ZIP archive's directory
LONGEST_NAME = 100
Documents = dict[str, Any]  # JSON, or bytes, by path


def write_bundle(content: Content, about: Row, as_zip: bool, root: str) -> bytes:
    """Return the file of an export.

    Parameters:
        about: what its ``info.json`` says beside the contents.
        as_zip: whether it is an archive. The JSON text cannot carry connectors' archives.
        root: the name of the archive's folder.
    """
    info = {**about, "contents": _contents(content)}
    if not as_zip:
        bare = [{**row, "install_mode": None, "installer_path": None} for row in content.connectors]
        return _json({**info, FILES: _documents(replace(content, connectors=bare))})
    documents = _documents(content)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, document in {INFO: info, **documents}.items():
            archive.writestr(f"{root}/{path}", _json(document))
        for path, installer in content.installers.items():
            archive.writestr(f"{root}/{CONNECTORS}/{path}", installer)
    return packed.getvalue()


def read_bundle(file: bytes) -> Content:
    """Return what the file of an export holds, checked.

    Raises: BadArchive with what is wrong where; then nothing of it can be imported.
    """
    content = _content(_unpacked(file) if file.startswith(b"PK") else _from_json(file))
    check(content)
    return content


# Writing.


def _contents(content: Content) -> Row:
    """Return the list of what is in an export; parts that are not there are left out."""
    parts: Row = {
        "picklistNames": [{"name": row["name"]} for row in content.picklists],
        "modules": {
            row["type"]: {"name": row["descriptions"]["plural"], "apiName": row["type"]} for row in content.modules
        },
        "recordSets": [
            {"name": module, "apiName": module, "count": len(rows)} for module, rows in content.records.items()
        ],
        "playbooks": [{"name": row["name"]} for row in content.collections],
        "globalVariables": [{"name": row["name"]} for row in content.macros],
        "connectors": [
            {"name": row["label"], "apiName": row["name"], "version": row["version"]} for row in content.connectors
        ],
    }
    return {name: part for name, part in parts.items() if part}


def _documents(content: Content) -> Documents:
    documents: Documents = {}
    for row in content.picklists:
        documents[_free(documents, PICKLISTS, row["name"])] = row
    for row in content.modules:
        documents[f"{MODULES}/{row['type']}/mmd.json"] = row
    for module, rows in content.records.items():
        documents[f"{RECORDS}/{module}/{module}0001.json"] = rows
    for row in content.collections:
        folder = posixpath.dirname(_free(documents, PLAYBOOKS, row["name"], f"/{METADATA}"))
        documents[f"{folder}/{METADATA}"] = {key: value for key, value in row.items() if key != "workflows"}
        for workflow in row["workflows"]:
            documents[_free(documents, folder, workflow["name"])] = workflow
    if content.macros:
        documents[VARIABLES] = content.macros
    if tags := _tags(content):
        documents[TAGS] = tags
    if content.connectors:
        documents[INSTALLERS] = content.connectors
    return documents


def _tags(content: Content) -> list[str]:
    playbooks = [workflow for row in content.collections for workflow in row["workflows"]]
    return sorted({str(tag) for workflow in playbooks for tag in workflow.get("recordTags") or []})


def _free(documents: Documents, folder: str, name: str, ending: str = ".json") -> str:
    """Return a path that is not taken yet, whatever signs a name has."""
    plain = "".join(sign if sign.isprintable() and sign not in "/\\:" else "_" for sign in name)[:LONGEST_NAME]
    plain = plain if plain.strip(". ") else "_"
    names = [plain, *(f"{plain} ({number})" for number in range(2, len(documents) + 3))]
    return next(path for each in names if (path := f"{folder}/{each}{ending}") not in documents)


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=4).encode()


# Reading.


def _from_json(file: bytes) -> Documents:
    value = _parsed("The file", file)
    files = value.get(FILES) if isinstance(value, dict) else None
    if not isinstance(files, dict):
        raise BadArchive(
            f"The file is no export: it is neither a ZIP archive nor a JSON object with an object {FILES!r}."
        )
    for path in files:
        check_name(path)
    return {INFO: {key: part for key, part in value.items() if key != FILES}, **files}


def _unpacked(file: bytes) -> Documents:
    # Counted before zipfile reads them: it makes an object of each.
    if file.count(ENTRY) > MOST_MEMBERS:
        raise BadArchive(f"The archive holds more than {MOST_MEMBERS} files and folders.")
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _check_members(archive.infolist())
            root = _root(members)
            files = _contents_of(archive, members)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BadArchive(f"The file is not a complete ZIP archive: {error}.") from error
    documents = {path.removeprefix(root): content for path, content in files.items()}
    return {path: _parsed(path, content) if path.endswith(".json") else content for path, content in documents.items()}


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        name = member.orig_filename.removesuffix("/")
        check_name(name)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BadArchive(f"{name!r} is a link or a special file, neither a file nor a folder.")
        if member.flag_bits & 1:
            raise BadArchive(f"{name!r} is encrypted.")
    names = Counter(member.orig_filename.removesuffix("/") for member in members)
    if twice := [name for name, count in names.items() if count > 1]:
        raise BadArchive(f"{twice[0]!r} is in the archive twice.")


def _root(members: list[zipfile.ZipInfo]) -> str:
    """Return the folder that everything is in, with its slash, or nothing."""
    found = [
        each.filename for each in members if posixpath.basename(each.filename) == INFO and each.filename.count("/") < 2
    ]
    if len(found) != 1:
        raise BadArchive(f"There must be exactly one {INFO} at the top of the archive; found {found or 'none'}.")
    root = found[0].removesuffix(INFO)
    if outside := [each.filename for each in members if not each.filename.startswith(root)]:
        raise BadArchive(f"{outside[0]!r} is not in the folder of {INFO}.")
    return root


def _contents_of(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Return the members' bytes; what an archive says of their sizes may be wrong, so what comes out is counted."""
    files: dict[str, bytes] = {}
    left = LARGEST
    for member in members:
        with archive.open(member) as file:
            files[member.filename] = file.read(left + 1)
        left -= len(files[member.filename])
        if left < 0:
            raise BadArchive(f"The archive unpacks to more than {LARGEST} bytes.")
    return files


def _parsed(what: str, content: bytes) -> Any:
    try:
        return read_json(content)
    except ValueError as error:
        raise BadArchive(f"{what} is not JSON that can be read: {error}.") from error


def _content(documents: Documents) -> Content:
    if not isinstance(documents.get(INFO), dict):
        raise BadArchive(f"{INFO} must be an object.")
    content = Content()
    folders: dict[str, Row] = {}
    for path, document in documents.items():
        _sort(content, folders, path.split("/"), document)
    for name, playbooks in folders.items():
        _add_collection(content, name, playbooks)
    return content


def _sort(content: Content, folders: dict[str, Row], parts: list[str], document: Any) -> None:
    """Put a document where it belongs."""
    path, folder, depth = "/".join(parts), parts[0], len(parts)
    if path == VARIABLES:
        content.macros = document
    elif path == INSTALLERS:
        content.connectors = document
    elif folder == PICKLISTS and depth == 2:
        content.picklists.append(document)
    elif folder == MODULES and depth == 3 and parts[2] == "mmd.json":
        content.modules.append(document)
    elif folder == RECORDS and depth == 3:
        if not isinstance(document, list):
            raise BadArchive(f"{path} must be a list of records.")
        content.records.setdefault(parts[1], []).extend(document)
    elif folder == PLAYBOOKS and depth == 3:
        folders.setdefault(parts[1], {})[parts[2]] = document
    elif folder == CONNECTORS and isinstance(document, bytes):
        content.installers[path.removeprefix(f"{CONNECTORS}/")] = document
    elif path not in (INFO, TAGS):
        content.ignored.append(path)


def _add_collection(content: Content, folder: str, playbooks: Row) -> None:
    """Add a folder of playbooks; one without its metadata is left out, as on the appliance (met on 8.0)."""
    metadata = playbooks.pop(METADATA, None)
    if metadata is None:
        content.ignored.append(f"{PLAYBOOKS}/{folder}")
        return
    if not isinstance(metadata, dict):
        raise BadArchive(f"{PLAYBOOKS}/{folder}/{METADATA} must be an object.")
    content.collections.append({**metadata, "workflows": list(playbooks.values())})
