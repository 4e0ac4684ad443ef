"""Calls to FortiSOAR's own API.

Differs from the appliance's, which signs its calls to localhost: these go to the FortiSOAR that three environment
variables name: ``FORTISOAR_URL``, ``FORTISOAR_API_KEY`` and ``FORTISOAR_CA`` (path of the PEM file of its CA).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional

from connectors.core.base_connector import ConnectorError

if TYPE_CHECKING:
    import requests

URL, API_KEY, CA = BINDING = ("FORTISOAR_URL", "FORTISOAR_API_KEY", "FORTISOAR_CA")
TIMEOUT = 60


def make_request(iri: str, method: str, body: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Send one request to FortiSOAR; return its parsed JSON, or its bytes if it is something else.

    Further arguments are ignored, ``timeout`` among them: the appliance's ignores that one too. The time limit is 60
    seconds here.
    Raises: ConnectorError without the environment variables; requests.HTTPError as ``maybe_json_or_raise`` does.
    """
    response = send(iri, method, json=body)
    try:
        return response.json()
    except ValueError:
        return response.content


def make_file_upload_request(
    file_name: str, file_content: bytes, file_type: str, *args: Any, **kwargs: Any
) -> Dict[str, Any]:
    """Upload one file and return its record, with its address in ``@id``. The form's field is ``file``."""
    answer: Dict[str, Any] = send("/api/3/files", "POST", files={"file": (file_name, file_content, file_type)}).json()
    return answer


def maybe_json_or_raise(response: requests.Response) -> Any:
    """Return a response's JSON, else its text; for a failure raise HTTPError ``<error> :: <body> :: Url: <url>``."""
    _raise_for_status(response)
    try:
        return response.json()
    except ValueError:
        return response.text


def trigger_ingest_playbook(
    records: List[Dict[str, Any]],
    create_pb_id: str,
    parent_env: Optional[Dict[str, Any]] = None,
    batch_size: int = 1000,
    dedup_field: str = "pattern",
    pb_params: Optional[Dict[str, Any]] = None,
) -> List[Any]:
    """Start the playbook that creates records, once for each batch, and return what each start answered.

    Parameters:
        records: of those with the same value of ``dedup_field`` the last one is kept; those without it are all kept.
        create_pb_id: the playbook's uuid or IRI.

    Differs from the appliance's: ``parent_env`` is not passed on. That a batch arrives as
    ``vars.input.params.ingestedData`` is how the playbooks of feed connectors read it; the rest is assumed: no source.
    """
    uuid = create_pb_id.rstrip("/").rsplit("/", 1)[-1]
    return [
        make_request(
            f"/api/triggers/1/notrigger/{uuid}",
            "POST",
            {
                "input": {"params": {**(pb_params or {}), "ingestedData": batch}},
                "request": {"data": {}},
                "useMockOutput": False,
                "globalMock": False,
            },
        )
        for batch in _batches(_without_repeats(records, dedup_field), batch_size)
    ]


def send(iri: str, method: str, **kwargs: Any) -> requests.Response:
    """Send one request to FortiSOAR and return its response, if it is a success. Not part of the appliance's module."""
    import requests

    missing = [name for name in BINDING if not os.environ.get(name)]
    if missing:
        raise ConnectorError(
            f"There is no FortiSOAR to call. Set the environment variables {', '.join(BINDING)}; "
            f"missing: {', '.join(missing)}."
        )
    # The key must reach nobody but the FortiSOAR it belongs to.
    if not iri.startswith("/"):
        raise ConnectorError(f"{iri!r} is not a path on FortiSOAR.")
    with requests.Session() as session:
        session.trust_env = False  # a proxy or a .netrc of the user's has no part in a call to the lab
        response = session.request(
            method,
            os.environ[URL].rstrip("/") + iri,
            headers={"Authorization": f"API-KEY {os.environ[API_KEY]}"},
            verify=os.environ[CA],
            timeout=TIMEOUT,
            **kwargs,
        )
    _raise_for_status(response)
    return response


def _raise_for_status(response: requests.Response) -> None:
    import requests

    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise requests.HTTPError(f"{error} :: {response.text} :: Url: {response.url}", response=response) from None


def _without_repeats(records: List[Dict[str, Any]], field: str) -> List[Dict[str, Any]]:
    kept = {record.get(field, ("no such field", number)): record for number, record in enumerate(records)}
    return list(kept.values())


def _batches(records: List[Dict[str, Any]], size: int) -> Iterator[List[Dict[str, Any]]]:
    return (records[start : start + size] for start in range(0, len(records), size))
