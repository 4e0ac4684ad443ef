"""Files and artifacts, for connectors.

Differs from the appliance's: ``TMP_FILE_ROOT`` is this system's folder for temporary files, and a downloaded file's own
name stands only in what is returned. The form of ``extract_artifacts`` is assumed: no source.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
import tempfile
import uuid
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any, Dict, List, Optional

TMP_FILE_ROOT = Path(tempfile.gettempdir())

ARTIFACTS = {
    "ip": r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b",
    "url": r"\bhttps?://[^\s\"'<>]+",
    "email": r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b",
    "md5": r"\b[0-9a-fA-F]{32}\b",
    "sha1": r"\b[0-9a-fA-F]{40}\b",
    "sha256": r"\b[0-9a-fA-F]{64}\b",
}


def download_file_from_cyops(file_iri: str, *args: Any, **kwargs: Any) -> Dict[str, str]:
    """Fetch a file, or an attachment's file, from FortiSOAR.

    Returns: ``cyops_file_path`` (relative to ``TMP_FILE_ROOT``) and ``filename``.
    """
    from integrations.crudhub import make_request, send

    if "/attachments/" in file_iri:
        file_iri = make_request(file_iri, "GET")["file"]["@id"]
    response = send(file_iri, "GET")
    path = _new_path()
    path.write_bytes(response.content)
    filename = _declared_filename(response.headers.get("Content-Disposition", "")) or file_iri.rsplit("/", 1)[-1]
    return {"cyops_file_path": path.name, "filename": filename}


def upload_file_to_cyops(
    file_path: str, filename: Optional[str] = None, name: Optional[str] = None, create_attachment: bool = True
) -> Dict[str, Any]:
    """Store a file of ``TMP_FILE_ROOT`` in FortiSOAR.

    Returns: the attachment's record, or the file's own if ``create_attachment`` is off.
    """
    from integrations.crudhub import make_file_upload_request, make_request

    path = TMP_FILE_ROOT / file_path
    filename = filename or path.name
    stored = make_file_upload_request(filename, path.read_bytes(), _content_type(filename))
    if not create_attachment:
        return stored
    attachment: Dict[str, Any] = make_request(
        "/api/3/attachments", "POST", {"name": name or filename, "file": stored["@id"]}
    )
    return attachment


def create_file_from_string(contents: str, filename: Optional[str] = None) -> Dict[str, Any]:
    """Write a text into a new file of ``TMP_FILE_ROOT``.

    Returns: ``filename`` (relative to ``TMP_FILE_ROOT``), ``content_length``, ``content_type``, ``md5``, ``sha1`` and
    ``sha256``.
    """
    data = contents.encode("utf-8")
    path = TMP_FILE_ROOT / Path(filename).name if filename else _new_path()
    path.write_bytes(data)
    return {
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "filename": path.name,
        "content_length": len(data),
        "content_type": _content_type(path.name),
    }


def save_file_in_env(env: Dict[str, Any], file_path: str) -> None:
    """Note a file in the playbook's environment, under ``files``, so that the platform can remove it after the run."""
    env.setdefault("files", []).append(file_path)


def extract_artifacts(text: str) -> Dict[str, List[str]]:
    """Find addresses and hashes in a text.

    Returns: kind (ip, url, email, md5, sha1, sha256) to what was found, each once, sorted; a kind not found is absent.
    """
    found = {kind: sorted(set(re.findall(pattern, text))) for kind, pattern in ARTIFACTS.items()}
    return {kind: values for kind, values in found.items() if values}


def unzip_protected_file(password: Optional[str] = None, file_iri: str = "") -> Dict[str, List[str]]:
    """Unpack an archive that FortiSOAR holds; only the traditional ZIP encryption is known here.

    Returns: ``filenames``, relative to ``TMP_FILE_ROOT``.
    """
    archive_path = TMP_FILE_ROOT / download_file_from_cyops(file_iri)["cyops_file_path"]
    folder = _new_path()
    try:
        with zipfile.ZipFile(archive_path) as archive:
            archive.extractall(folder, pwd=password.encode("utf-8") if password else None)
    finally:
        archive_path.unlink()
    return {"filenames": sorted(str(path.relative_to(TMP_FILE_ROOT)) for path in folder.rglob("*") if path.is_file())}


def _new_path() -> Path:
    return TMP_FILE_ROOT / uuid.uuid4().hex


def _content_type(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _declared_filename(content_disposition: str) -> Optional[str]:
    header = Message()
    header["Content-Disposition"] = content_disposition
    return header.get_filename()
