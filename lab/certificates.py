"""The lab's certificate authority and the server certificates that it signs."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from .errors import LabError
from .state import write_whole


def certificate_authority(folder: Path) -> trustme.CA:
    """Return the state folder's authority; make it at the first start.

    Its certificate, for clients, is ``ca.pem``; its key never leaves ``ca.key``.
    """
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if not certificate.exists():
        authority = trustme.CA(organization_name="Fortinet Incident Bridge lab")
        write_whole(key, authority.private_key_pem.bytes().decode("ascii"))
        write_whole(certificate, authority.cert_pem.bytes().decode("ascii"))
        return authority
    try:
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except (OSError, ValueError) as error:
        raise LabError(
            f"The authority in {folder} (ca.pem, ca.key) is broken: {error}. Remove both files to make a new one."
        ) from error


def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return the TLS side of a server that answers as 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
