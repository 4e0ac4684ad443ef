"""Signatures in OpenSSH's form, which ``ssh-keygen -Y verify`` knows, too: an Ed25519 key signs a file.

The form is described in PROTOCOL.sshsig of OpenSSH. Why this one: docs/development/decisions/0017.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from hashlib import new as new_hash
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from .checksums import SUMS, NotTrusted

SIGNED, SIGNATURE = SUMS, f"{SUMS}.sig"
NAMESPACE = b"file"  # what ssh-keygen's manual calls signatures of files
KIND = b"ssh-ed25519"
MAGIC, VERSION = b"SSHSIG", 1
HASHES = ("sha256", "sha512")
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
WIDTH = 70  # characters of a line, as ssh-keygen writes them
PUBLIC_KEY = re.compile(rb"\bssh-ed25519 ([A-Za-z0-9+/]+=*)")
LENGTH = 4  # bytes of a number


class Signature(NamedTuple):
    """What a signature says: whose key signed, by which hash, and the signature proper."""

    key: bytes
    hash: str
    value: bytes


def private_key(text: bytes, name: str) -> Ed25519PrivateKey:
    """Return the key of an OpenSSH key file. Raises NotTrusted where it is none that can be used here."""
    try:
        key = load_ssh_private_key(text, password=None)
    except TypeError:
        raise NotTrusted(
            f"{name} is protected by a passphrase. Sign with ssh-keygen, which makes the same: "
            f"ssh-keygen -Y sign -n {NAMESPACE.decode()} -f {name} {SIGNED}"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise NotTrusted(f"{name} is no private key of OpenSSH. Make one: ssh-keygen -t ed25519 -f KEY") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotTrusted(f"{name} is a key of another kind than Ed25519. Make one: ssh-keygen -t ed25519 -f KEY")
    return key


def public_keys(text: bytes, name: str) -> set[bytes]:
    """Return the Ed25519 keys of a public key file, or of a list of allowed signers."""
    found = {base64.b64decode(key) for key in PUBLIC_KEY.findall(text)}
    if not found:
        raise NotTrusted(f"{name} has no public key that begins with ssh-ed25519.")
    return found


def fingerprint(key: bytes) -> str:
    """Return a public key's fingerprint, as ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(sha256(key).digest()).decode().rstrip("=")


def key_of(private: Ed25519PrivateKey) -> bytes:
    """Return the public key in OpenSSH's form."""
    return _packed(KIND, private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def sign(content: bytes, private: Ed25519PrivateKey) -> bytes:
    """Return a signature of the content, as a file holds it. The same key makes the same one each time."""
    value = _packed(KIND, private.sign(_signed(content, "sha512")))
    return _armoured(Signature(key_of(private), "sha512", value))


def verify(content: bytes, signature: bytes) -> bytes:
    """Return the public key that signed the content. Raises NotTrusted where the signature is not of this content."""
    read = _read(signature)
    try:
        public = Ed25519PublicKey.from_public_bytes(_of_our_kind(read.key))
        public.verify(_of_our_kind(read.value), _signed(content, read.hash))
    except InvalidSignature:
        raise NotTrusted(f"{SIGNATURE} is not of this {SIGNED}: one of both was changed.") from None
    except ValueError:
        raise NotTrusted(f"{SIGNATURE} was made by a key of another kind than Ed25519.") from None
    return read.key


def _signed(content: bytes, hash_name: str) -> bytes:
    digest = new_hash(hash_name, content).digest()
    return MAGIC + _packed(NAMESPACE, b"", hash_name.encode(), digest)


def _armoured(signature: Signature) -> bytes:
    fields = _packed(signature.key, NAMESPACE, b"", signature.hash.encode(), signature.value)
    text = base64.b64encode(MAGIC + VERSION.to_bytes(LENGTH, "big") + fields).decode()
    lines = [text[start : start + WIDTH] for start in range(0, len(text), WIDTH)]
    return "\n".join([BEGIN, *lines, END, ""]).encode()


def _read(text: bytes) -> Signature:
    """Read a signature's file: exactly the bytes that would be written, so that none can be changed unnoticed."""
    try:
        fields = base64.b64decode(b"".join(text.splitlines()[1:-1]))[len(MAGIC) + LENGTH :]
        key, _, _, hash_name, value = _fields(fields)
        read = Signature(key, hash_name.decode(), value)
    except ValueError:
        read = Signature(b"", "", b"")
    if read.hash not in HASHES or _armoured(read) != text:
        raise NotTrusted(f"{SIGNATURE} is no signature as ssh-keygen -Y sign -n {NAMESPACE.decode()} writes it.")
    return read


def _packed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(LENGTH, "big") + field for field in fields)


def _fields(data: bytes) -> Iterator[bytes]:
    while data:
        end = LENGTH + int.from_bytes(data[:LENGTH], "big")
        yield data[LENGTH:end]
        data = data[end:]


def _of_our_kind(data: bytes) -> bytes:
    """Return a key or a signature proper without the name of its kind."""
    kind, value = _fields(data)
    if kind != KIND:
        raise ValueError(kind)
    return value
