"""Big bodies: images and objects, in files of one folder, or in memory for a cloud without a data directory.

A body is written beside its place and moved there when it is whole, so a name never shows half of one. What a name
means is known to the state alone; a file that no document names (the process died in between) does no harm.
"""

import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import AsyncIterator

from hearth.localcloud.core import errors, ids, service


@dataclasses.dataclass(frozen=True, slots=True)
class Digest:
    """What there is to know about a body."""

    size: int
    md5: str
    sha512: str


class Blobs:
    """Bodies by name."""

    def __init__(self, folder: pathlib.Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, bytes] = {}

    async def receive(self, name: str, chunks: AsyncIterator[bytes], limit: int | None = None) -> Digest:
        """Take a body piece by piece. Raises ApiError 413 when it is longer than `limit` bytes."""
        summary = _Summary()
        if self._folder is None:
            parts = []
            async for chunk in chunks:
                summary.add(chunk, limit)
                parts.append(chunk)
            self._memory[name] = b"".join(parts)
            return summary.digest()
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".part-{ids.new_hex()}"
        try:
            with part.open("wb") as target:
                async for chunk in chunks:
                    summary.add(chunk, limit)
                    target.write(chunk)
            part.replace(self._folder / name)
        finally:
            part.unlink(missing_ok=True)
        return summary.digest()

    def put(self, name: str, content: bytes) -> Digest:
        """Store a short body."""
        summary = _Summary()
        summary.add(content, None)
        if self._folder is None:
            self._memory[name] = content
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".part-{ids.new_hex()}"
            part.write_bytes(content)
            part.replace(self._folder / name)
        return summary.digest()

    def get(self, name: str) -> bytes:
        """The whole body. Raises KeyError."""
        if self._folder is None:
            return self._memory[name]
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None

    def reply(self, name: str, start: int, length: int, *, status: int, headers: dict[str, str]) -> service.Reply:
        """An answer that sends a part of a body. Raises KeyError."""
        if self._folder is None:
            return service.Reply(status, self._memory[name][start : start + length], headers)
        path = self._folder / name
        if not path.exists():
            raise KeyError(name)
        return service.Reply(status, None, headers, file=path, start=start, length=length)

    def copy(self, name: str, target: str) -> None:
        """Let another name have the same body. Raises KeyError."""
        if self._folder is None:
            self._memory[target] = self._memory[name]
            return
        try:
            (self._folder / target).hardlink_to(self._folder / name)
        except FileNotFoundError:
            raise KeyError(name) from None

    def delete(self, name: str) -> None:
        """Forget a body; nothing when there is none."""
        if self._folder is None:
            self._memory.pop(name, None)
        else:
            with contextlib.suppress(FileNotFoundError):
                (self._folder / name).unlink()


class _Summary:
    def __init__(self) -> None:
        self._size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha512 = hashlib.sha512()

    def add(self, chunk: bytes, limit: int | None) -> None:
        self._size += len(chunk)
        if limit is not None and self._size > limit:
            raise errors.ApiError(413, f"The body is longer than {limit} bytes.")
        self._md5.update(chunk)
        self._sha512.update(chunk)

    def digest(self) -> Digest:
        return Digest(self._size, self._md5.hexdigest(), self._sha512.hexdigest())
