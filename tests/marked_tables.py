"""Tables that commands put into the documentation, between two marks. For the comparisons that are run by hand."""

import pathlib


def put(path: pathlib.Path, mark: str, text: str) -> None:
    """Put a table between the two marks of a file.

    Raises:
        SystemExit: it has no two of them.
    """
    before, _, rest = path.read_text().partition(mark)
    _, found, after = rest.partition(mark)
    if not found:
        raise SystemExit(f"{path} has no two lines {mark}")
    path.write_text(f"{before}{mark}\n\n{text}\n\n{mark}{after}")
