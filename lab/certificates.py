"""The lab's certificate authority and the server certificates that it signs."""

from __future__ import annotations

import ssl
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme

from .errors import LabError
from .state import write_whole

NAMES = ("127.0.0.1", "localhost")


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
    return _showing(authority.issue_cert(*NAMES))


def faulty_tls(authority: trustme.CA) -> dict[str | None, ssl.SSLContext]:
    """Return, by the name of the fault, what a client should not accept of a server."""
    yesterday = datetime.now(timezone.utc) - timedelta(days=1)
    expired = authority.issue_cert(*NAMES, not_before=yesterday - timedelta(days=30), not_after=yesterday)
    return {
        "tls_expired": _showing(expired),
        "tls_wrong_host": _showing(authority.issue_cert("elsewhere.example.com")),
        "tls_self_signed": _showing(_self_signed()),
        "tls_old_version": _at_most_tls_1_1(_showing(authority.issue_cert(*NAMES))),
    }


def _showing(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def _self_signed() -> trustme.LeafCert:
    """Return the certificate of another authority, which signed itself."""
    other = trustme.CA()
    return trustme.LeafCert(other.private_key_pem.bytes(), other.cert_pem.bytes(), [])


def _at_most_tls_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 counts SHA-1, which these versions need, as too weak
    return context
