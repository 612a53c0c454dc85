"""Opens what Heat keeps encrypted, by the name of the method that stands beside each value.

Facts of the formats: the key is the option `auth_encryption_key`, its first 32 bytes.

* `cryptography_decrypt_v1`: a Fernet token; a key of fewer than 32 bytes is written twice first.
* `oslo_decrypt_v1`: base64 of a 16-byte vector and AES-CBC; padded by ANSI X9.23, and one more byte of zero.
* `heat_decrypt`: base64 of a 16-byte vector and AES-CFB.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import ANSIX923

try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:  # older releases have it among the others
    from cryptography.hazmat.primitives.ciphers.modes import CFB

_KEY_BYTES: Final = 32
_VECTOR_BYTES: Final = 16
_BLOCK_BITS: Final = 128


class Unreadable(Exception):
    """A value cannot be opened; the message says why."""


class Ciphers:
    """Opens values with any of some keys, as they stand in a heat.conf."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def text(self, method: str | None, value: str) -> str:
        """A value in clear; one without a method is that already.

        Raises:
            Unreadable: no key opens it, or the method is not known.
        """
        if not method:
            return value
        opened = _METHODS.get(method)
        if opened is None:
            raise Unreadable(f"the method {method!r} is not known (there are {', '.join(_METHODS)})")
        for key in self._keys:
            try:
                return opened(key, value).decode()
            except (InvalidToken, ValueError, binascii.Error):
                continue
        raise Unreadable("it was encrypted with a key that was not given: --encryption-key")

    def values(self, stored: dict[str, Any]) -> dict[str, Any]:
        """A map whose values are `[method, encrypted JSON]`, in clear.

        Raises:
            Unreadable: one of them cannot be opened.
        """
        found = {}
        for name, pair in stored.items():
            if not (isinstance(pair, list) and len(pair) == 2):
                raise Unreadable(f"the value of {name!r} is not a method and a text")
            try:
                found[name] = msgspec.json.decode(self.text(*pair))
            except msgspec.DecodeError:
                raise Unreadable("it was encrypted with a key that was not given: --encryption-key") from None
        return found


def _fernet(key: bytes, value: str) -> bytes:
    whole = key * 2 if len(key) < _KEY_BYTES else key
    return Fernet(base64.b64encode(whole[:_KEY_BYTES])).decrypt(value.encode())


def _cbc(key: bytes, value: str) -> bytes:
    raw = base64.b64decode(value)
    decryptor = Cipher(algorithms.AES(key[:_KEY_BYTES]), modes.CBC(raw[:_VECTOR_BYTES])).decryptor()
    padded = decryptor.update(raw[_VECTOR_BYTES:]) + decryptor.finalize()
    unpadder = ANSIX923(_BLOCK_BITS).unpadder()
    plain = unpadder.update(padded) + unpadder.finalize()
    return plain[:-1]


def _cfb(key: bytes, value: str) -> bytes:
    raw = base64.b64decode(value)
    decryptor = Cipher(algorithms.AES(key[:_KEY_BYTES]), CFB(raw[:_VECTOR_BYTES])).decryptor()
    return decryptor.update(raw[_VECTOR_BYTES:]) + decryptor.finalize()


_METHODS: Final[dict[str, Callable[[bytes, str], bytes]]] = {
    "cryptography_decrypt_v1": _fernet,
    "oslo_decrypt_v1": _cbc,
    "heat_decrypt": _cfb,
}
