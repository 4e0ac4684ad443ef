"""Files: uploaded in parts, shown as records, and handed out as bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyfsr.exceptions import ResourceNotFoundError

from lab.kit.bodies import LARGEST_UPLOAD
from tests.support.playbooks import Row, Soar

BYTES = {"Accept": "application/octet-stream"}
NOWHERE = "/api/3/files/0c0ffee0-0000-4000-8000-000000000001"


def upload(soar: Soar, name: str = "report.csv", content: bytes = b"a,b\n1,2\n", type: str = "text/csv") -> Row:
    answer = soar.http.post("/api/3/files", files={"file": (name, content, type)})
    assert answer.status_code == 201, answer.text
    row: Row = answer.json()
    return row


def test_an_uploaded_file_is_a_record_as_captured(soar: Soar) -> None:
    row = upload(soar)
    assert {key: row[key] for key in row.keys() - {"@id", "id", "uuid", "uploadDate"}} == {
        "@context": "/api/3/contexts/File",
        "@type": "File",
        "assignee": "",
        "filename": "report.csv",
        "metadata": [],
        "mimeType": "text/csv",
        "size": 8,
        "thumbnail": None,
    }
    assert row["id"] == row["uuid"] == row["@id"].removeprefix("/api/3/files/")
    assert soar.ask("GET", row["@id"]) == row


def test_a_file_comes_as_json_or_bytes_as_the_client_accepts(soar: Soar) -> None:
    content = bytes(range(256)) * 100
    iri = upload(soar, "dump.bin", content)["@id"]
    answer = soar.http.get(iri, headers=BYTES)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, BYTES["Accept"])
    assert answer.headers["content-disposition"] == "attachment; filename=\"dump.bin\"; filename*=UTF-8''dump.bin"
    for accept in ("application/json", "*/*", "application/ld+json", "image/png"):
        assert soar.http.get(iri, headers={"Accept": accept}).json()["size"] == len(content)

    soar.product.switches.set("file_by_other_accept", "bytes")

    assert soar.http.get(iri, headers={"Accept": "image/png"}).content == content
    assert soar.http.get(iri, headers={"Accept": "application/json"}).json()["size"] == len(content)


@pytest.mark.parametrize(
    ("given", "stored", "saved_as"),
    [
        ("../../etc/passwd", "passwd", "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"),
        ("C:\\logs\\a.txt", "a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
        (
            "Größe 1.txt",
            "Größe 1.txt",
            "attachment; filename=\"Gr__e 1.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.txt",
        ),
    ],
)
def test_a_download_has_the_name_of_the_upload_without_folders(
    soar: Soar, given: str, stored: str, saved_as: str
) -> None:
    row = upload(soar, given)
    assert row["filename"] == stored
    assert soar.http.get(row["@id"], headers=BYTES).headers["content-disposition"] == saved_as


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"filename": "a"}},
        {"content": b"bytes", "headers": {"Content-Type": "application/octet-stream"}},
        {"files": {"other": ("a", b"b")}},
        {"content": b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    ],
)
def test_an_upload_without_the_part_file_is_refused(soar: Soar, sent: Any) -> None:
    answer = soar.http.post("/api/3/files", **sent)
    assert (answer.status_code, answer.json()["message"]) == (400, "Upload a file as the multipart part 'file'.")
    soar.product.switches.set("upload_without_file_status", 415)
    assert soar.http.post("/api/3/files", **sent).status_code == 415
    assert soar.ask("GET", "/api/3/files")["hydra:totalItems"] == 0


def test_a_file_that_is_too_large_is_refused_and_nothing_is_kept(soar: Soar) -> None:
    answer = soar.http.post("/api/3/files", files={"file": ("a", bytes(LARGEST_UPLOAD))})
    assert (answer.status_code, answer.json()["message"]) == (413, f"The body is larger than {LARGEST_UPLOAD} bytes.")
    assert soar.ask("GET", "/api/3/files")["hydra:totalItems"] == 0


def test_files_are_listed_and_queried_like_other_records_and_deleted_for_good(soar: Soar) -> None:
    kept, gone = upload(soar, "kept.txt"), upload(soar, "gone.txt")
    found = soar.ask(
        "POST", "/api/query/files", {"filters": [{"field": "filename", "operator": "like", "value": "%g%"}]}
    )
    assert [row["filename"] for row in found["hydra:member"]] == ["gone.txt"]

    soar.ask("DELETE", gone["@id"], status=204)

    assert [row["uuid"] for row in soar.ask("GET", "/api/3/files")["hydra:member"]] == [kept["uuid"]]
    for iri in (gone["@id"], NOWHERE, "/api/3/files/nothing"):
        assert soar.ask("GET", iri, status=404)["message"] == f"{iri} was not found."
        assert soar.http.get(iri, headers=BYTES).status_code == 404
        soar.ask("DELETE", iri, status=404)


def test_an_attachment_shows_its_file_and_is_refused_one_that_is_not_there(soar: Soar) -> None:
    file = upload(soar)
    made = soar.ask("POST", "/api/3/attachments", {"name": "Report", "file": file["@id"], "description": "Daily"}, 201)
    assert (made["name"], made["description"], made["file"]["filename"]) == ("Report", "Daily", "report.csv")
    assert soar.ask("GET", made["@id"])["file"] == {key: file[key] for key in file.keys() - {"@context"}}
    refused = soar.ask("POST", "/api/3/attachments", {"name": "Report", "file": NOWHERE}, 400)
    assert refused["message"] == f'Item not found for "{NOWHERE}".'
    assert soar.ask("GET", "/api/3/attachments")["hydra:totalItems"] == 1


def test_pyfsr_uploads_attaches_and_deletes(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("a,b\n1,2\n")
    (record,) = client.files.upload_many([str(path)])
    assert (record.filename, record.mimeType, record.size, record.assignee) == ("report.csv", "text/csv", 8, "")
    made = client.attachments.create_from_file(str(path), description="Daily")
    assert (made.name, made.file.filename, made.description) == ("report.csv", "report.csv", "Daily")
    assert client.get(made.file.iri, headers=BYTES) == path.read_bytes()
    assert client.attachments.get(made.iri).file.uuid == made.file.uuid
    assert {each.uuid for each in client.records("files").list()} == {record.uuid, made.file.uuid}
    client.attachments.delete(made.iri)
    with pytest.raises(ResourceNotFoundError):
        client.attachments.get(made.iri)
