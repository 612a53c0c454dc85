"""The files a template on disk refers to, as the mapping that requests carry: read when they are asked for.

Paths count from the file that names them. Only local files are read; what stands behind an http URL is left alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Larger files are no templates and no user data.
_MOST_BYTES = 8 * 1024 * 1024


class LocalFiles(Mapping[str, str]):
    """The texts of files as seen from a directory. `given` texts (by their key) come first."""

    def __init__(self, directory: Path, given: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._given = given or {}
        self._read: dict[str, str | None] = {}

    def __getitem__(self, key: str) -> str:
        if key in self._given:
            return self._given[key]
        if key not in self._read:
            self._read[key] = _text(self.path(key))
        text = self._read[key]
        if text is None:
            raise KeyError(key)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter([*self._given, *(key for key, text in self._read.items() if text is not None)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def path(self, key: str) -> Path | None:
        """The path a key names; None for what is not local."""
        parts = urlsplit(key)
        if parts.scheme == "file":
            return Path(unquote(parts.path))
        return None if parts.scheme in ("http", "https") else self._directory / key

    def beside(self, key: str) -> "LocalFiles":
        """The files as seen from the file of that key."""
        path = self.path(key)
        return LocalFiles(path.parent if path else self._directory, self._given)


def is_remote(key: str) -> bool:
    """Whether a key names something that is not on this machine."""
    return urlsplit(key).scheme in ("http", "https")


def _text(path: Path | None) -> str | None:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_bytes().decode(errors="replace")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
