"""A message encrypted with a password in the format of OpenPGP (RFC 4880), as ``gpg --symmetric`` writes it."""

from __future__ import annotations

import hashlib
import os
import struct

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

SESSION_KEY, PROTECTED_DATA, LITERAL_DATA = 3, 18, 11  # packets
AES_256, SHA_256, ITERATED_AND_SALTED = 9, 8, 3
CODED_COUNT = 0xEE  # spells how many bytes are hashed
HASHED = (16 + (CODED_COUNT & 15)) << ((CODED_COUNT >> 4) + 6)
BLOCK = AES.block_size // 8


def encrypted(content: bytes, password: str, name: str, made: int) -> bytes:
    """Return content as a message that a password opens.

    Parameters:
        name: that of the file in it.
        made: when the file was made, in seconds since 1970.
    """
    salt = os.urandom(8)
    key = _key(password.encode(), salt)
    written = name.encode("ascii")
    literal = _packet(LITERAL_DATA, b"b" + bytes([len(written)]) + written + struct.pack(">I", made) + content)
    how = bytes([4, AES_256, ITERATED_AND_SALTED, SHA_256]) + salt + bytes([CODED_COUNT])
    return _packet(SESSION_KEY, how) + _packet(PROTECTED_DATA, b"\x01" + _protected(literal, key))


def _protected(packet: bytes, key: bytes) -> bytes:
    """Encrypt a packet behind a random block, whose last two bytes come twice, and before a hash of it all."""
    random = os.urandom(BLOCK)
    plain = random + random[-2:] + packet + b"\xd3\x14"
    encryptor = Cipher(AES(key), CFB(bytes(BLOCK))).encryptor()
    # The format asks for SHA-1 here.
    return encryptor.update(plain + hashlib.sha1(plain, usedforsecurity=False).digest()) + encryptor.finalize()


def _key(password: bytes, salt: bytes) -> bytes:
    salted = salt + password
    return hashlib.sha256((salted * (HASHED // len(salted) + 1))[: max(HASHED, len(salted))]).digest()


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + struct.pack(">I", len(body)) + body
