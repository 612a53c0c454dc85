"""JSON in and out of columns, sealed where it holds secrets.

A sealed value is a Fernet token; those start with `gAAAA`, which no JSON text does, so reading needs no flag.
"""

import base64
import hashlib
import hmac
from typing import Any, Final

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hearth.model.errors import HearthError

_encoder = msgspec.json.Encoder(order="deterministic")
_decode = msgspec.json.decode


#: What an encrypted parameter of a given environment begins with, `[method, text]`.
PARAMETER_METHOD: Final = "cryptography_decrypt_v1"


#: What every sealed value begins with, and what comes after all of these.
SEALED: Final = b"gAAAA"
SEALED_END: Final = b"gAAAB"


class InvalidEncryptionKey(HearthError):
    """Stored secrets cannot be read with the configured key."""

    kind = "InvalidEncryptionKey"
    status = 500


def encode(value: Any) -> bytes:
    """JSON with sorted keys, so that equal values are equal bytes."""
    return _encoder.encode(value)


class Codec:
    """Encodes and decodes columns. The first key seals, all keys open (key rotation).

    Columns are sealed with a key made of the operator's: what users may ask to have opened with the operator's key, as
    parameters of an environment, never opens a column.
    """

    def __init__(self, keys: list[bytes]) -> None:
        given = [Fernet(key) for key in keys]
        self._given = MultiFernet(given)
        self._newest = Fernet(_of_columns(keys[0]))
        self._fernet = MultiFernet([*(Fernet(_of_columns(key)) for key in keys), *given])

    def plain(self, value: Any) -> bytes | None:
        """The column's bytes for a value without secrets; None stays NULL."""
        return None if value is None else _encoder.encode(value)

    def sealed(self, value: Any) -> bytes | None:
        """The column's bytes, encrypted; None and empty maps stay NULL."""
        return self._fernet.encrypt(_encoder.encode(value)) if value else None

    def read(self, column: bytes | None) -> Any:
        """The value of a column, sealed or not.

        Raises:
            InvalidEncryptionKey: it was sealed with a key that is not configured.
        """
        if column is None:
            return None
        if column.startswith(SEALED):
            try:
                column = self._fernet.decrypt(column)
            except InvalidToken:
                raise _unreadable() from None
        return _decode(column)

    def renewed(self, column: bytes) -> bytes | None:
        """A sealed value, sealed anew with the newest key; None when it is that already.

        Raises:
            InvalidEncryptionKey: it was sealed with a key that is not configured.
        """
        try:
            self._newest.decrypt(column)
        except InvalidToken:
            try:
                return self._fernet.rotate(column)
            except InvalidToken:
                raise _unreadable() from None
        return None

    def opened_parameter(self, token: str) -> str:
        """The text of an encrypted parameter.

        Raises:
            InvalidEncryptionKey: it was encrypted with another key, or is no such text.
        """
        try:
            return self._given.decrypt(token).decode()
        except (InvalidToken, ValueError):
            raise InvalidEncryptionKey("The text cannot be decrypted with the key of this service.") from None


def _unreadable() -> InvalidEncryptionKey:
    return InvalidEncryptionKey(
        "A stored secret cannot be decrypted: set auth_encryption_key to the key it was stored with, or list that in "
        "former_encryption_keys."
    )


def _of_columns(key: bytes) -> bytes:
    derived = hmac.digest(base64.urlsafe_b64decode(key), b"columns of the store", "sha256")
    return base64.urlsafe_b64encode(derived)


def digest(body: bytes) -> str:
    """The name of an immutable document."""
    return hashlib.sha256(body).hexdigest()
