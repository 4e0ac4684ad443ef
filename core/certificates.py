"""Certificates as they are pasted: with comments, indented, on one line, line ends written out, behind odd marks."""

from __future__ import annotations

import base64
import re
import ssl

BLOCK = r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END (?:X509 |TRUSTED )?CERTIFICATE-----"
BETWEEN = r"\\[nrt]|[^A-Za-z0-9+/=]"  # whatever stands between the characters of Base64


def certificates_in(text: str) -> str:
    """Return the certificates in a text in PEM. Raises ValueError where there are none that TLS takes."""
    blocks = [base64.b64decode(re.sub(BETWEEN, "", block)) for block in re.findall(BLOCK, text)]
    found = "".join(map(ssl.DER_cert_to_PEM_cert, blocks))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=found)
    except ssl.SSLError as error:
        raise ValueError(str(error.reason)) from None
    return found
