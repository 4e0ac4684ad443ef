"""Passwords at rest, and the signed tokens that logins get."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

COST = {"n": 2**10, "r": 8, "p": 1}  # a lab's: each login takes a few milliseconds


def sealed(password: str) -> str:
    """Return what is stored of a password."""
    salt = os.urandom(16)
    return f"{salt.hex()}${_derived(password, salt)}"


def is_password(given: object, stored: str | None) -> bool:
    """Tell whether a password is the one that ``sealed`` was given."""
    if not isinstance(given, str) or not stored:
        return False
    salt, _, expected = stored.partition("$")
    return hmac.compare_digest(_derived(given, bytes.fromhex(salt)), expected)


def digest(key: str) -> str:
    """Return what is stored of an API key, which is random and needs no salt."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def token(claims: dict[str, Any], secret: bytes) -> str:
    """Return a JWT that carries claims."""
    signed = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
    return f"{signed}.{_signature(signed, secret)}"


def claims_of(text: str, secret: bytes) -> dict[str, Any] | None:
    """Return the claims of a JWT that was made with this secret, else None."""
    signed, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed, secret).encode()):
        return None
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(signed.partition(".")[2] + "=="))
    return claims


def _derived(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, **COST).hex()


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _signature(signed: str, secret: bytes) -> str:
    return _text(hmac.digest(secret, signed.encode("utf-8", "replace"), "sha256"))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
