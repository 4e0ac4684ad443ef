"""Keys that tests sign with: each is made of its number, and is nobody's."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def key_pair(folder: Path, number: int = 1) -> tuple[Path, Path]:
    """Write a private key and its public key as OpenSSH has them; return their paths."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    private, public = folder / f"key-{number}", folder / f"key-{number}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private.chmod(0o600)
    public.write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" maker\n")
    return private, public
