"""Is this the password? Salted scrypt digests at rest, and a memory of what was verified, so that log-ins are quick.

Used for passwords of users and secrets of application credentials. The work factor is low on purpose: the cloud is a
local one and makes many users. The memory holds keyed digests only, never the secrets.
"""

import hashlib
import hmac
import os

_COST = {"n": 2**12, "r": 8, "p": 1}
_REMEMBERED = 4096


class Passwords:
    """Makes and checks digests."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}

    def digest(self, secret: str) -> str:
        """What to store for a secret."""
        salt = os.urandom(16)
        digest = f"{salt.hex()}${hashlib.scrypt(secret.encode(), salt=salt, **_COST).hex()}"
        self._remember(digest, secret)
        return digest

    def matches(self, secret: str, digest: str) -> bool:
        """Is this the secret that the digest was made of?"""
        known = self._verified.get(digest)
        if known is not None:
            return hmac.compare_digest(known, self._keyed(secret))
        salt, _, stored = digest.partition("$")
        made = hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), **_COST)
        if not hmac.compare_digest(made, bytes.fromhex(stored)):
            return False
        self._remember(digest, secret)
        return True

    def _keyed(self, secret: str) -> bytes:
        return hmac.digest(self._key, secret.encode(), "sha256")

    def _remember(self, digest: str, secret: str) -> None:
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[digest] = self._keyed(secret)
