"""Which handler answers a path? A tree of path segments, built once per service: some dictionary reads a call."""

from hearth.localcloud.core import service

Match = tuple[service.Route, dict[str, str]]


class _Node:
    __slots__ = ("fixed", "methods", "rest", "variable")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.variable: _Node | None = None
        #: Routes that end here, by method, each with the names of its path parameters.
        self.methods: dict[str, tuple[service.Route, list[str]]] = {}
        #: Routes that take the whole rest of the path from here.
        self.rest: dict[str, tuple[service.Route, list[str]]] = {}


class Router:
    """The routes of one service. A trailing slash does not matter, except inside `{name:path}`."""

    def __init__(self, routes: list[service.Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: service.Route) -> None:
        names: list[str] = []
        node = self._root
        for segment in _segments(route.path):
            if segment.endswith(":path}"):
                node.rest[route.method] = (route, [*names, segment[1:-6]])
                return
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.methods[route.method] = (route, names)

    def find(self, method: str, path: str) -> Match | set[str]:
        """The route and its path parameters; else the methods that the path would answer (none: no such path)."""
        parts = path.split("/")[1:]
        trimmed = parts[:-1] if parts and not parts[-1] else parts
        allowed: set[str] = set()
        return self._search(self._root, method, parts, trimmed, 0, (), allowed) or allowed

    def _search(
        self,
        node: _Node,
        method: str,
        parts: list[str],
        trimmed: list[str],
        depth: int,
        values: tuple[str, ...],
        allowed: set[str],
    ) -> Match | None:
        if depth == len(trimmed):
            found = node.methods.get(method) or (node.methods.get("GET") if method == "HEAD" else None)
            if found:
                return found[0], dict(zip(found[1], values, strict=True))
            allowed.update(node.methods)
        else:
            segment = trimmed[depth]
            fixed = node.fixed.get(segment)
            if fixed is not None:
                match = self._search(fixed, method, parts, trimmed, depth + 1, values, allowed)
                if match:
                    return match
            if node.variable is not None and segment:
                match = self._search(node.variable, method, parts, trimmed, depth + 1, (*values, segment), allowed)
                if match:
                    return match
        rest = "/".join(parts[depth:])
        if node.rest and rest:
            found = node.rest.get(method) or (node.rest.get("GET") if method == "HEAD" else None)
            if found:
                return found[0], dict(zip(found[1], (*values, rest), strict=True))
            allowed.update(node.rest)
        return None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
