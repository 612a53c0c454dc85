"""The orchestration API as Python calls: paths, query strings, and errors turned into `ApiProblem`.

Every command uses it; how requests are authenticated and sent is the transport's affair (`hearth.cli.connection`).
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec

from hearth.cli import problems

Record = dict[str, Any]

#: As deep as stacks may nest by default; deeper ones are shown by their parent resource only.
NESTED_DEPTH = 5


class Transport(Protocol):
    """Sends one request and returns status and body."""

    def __call__(
        self, method: str, path: str, *, json: Any = None, params: list[tuple[str, str]] | None = None
    ) -> tuple[int, bytes]: ...


class StreamTransport(Protocol):
    """Opens an answer that goes on for long: its lines as they come, or None when there is no such answer."""

    def __call__(
        self, path: str, *, params: list[tuple[str, str]], headers: Mapping[str, str]
    ) -> AbstractContextManager[Iterable[bytes] | None]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class StackRef:
    """A stack's name and id: what its canonical URL needs."""

    name: str
    id: str

    @property
    def path(self) -> str:
        return f"/stacks/{quote(self.name, '')}/{quote(self.id, '')}"


class Client:
    """The API of one project."""

    def __init__(self, transport: Transport, stream: StreamTransport | None = None) -> None:
        self._send = transport
        self._stream = stream

    # ---- stacks

    def create(self, body: Record) -> StackRef:
        """Create a stack; `body` as the API takes it."""
        answer = self._call("POST", "/stacks", json=body)
        return StackRef(body["stack_name"], answer["stack"]["id"])

    def update(self, stack: StackRef, body: Record, *, existing: bool) -> None:
        """Update a stack: replace its template and parameters, or (`existing`) keep what is not given."""
        self._call("PATCH" if existing else "PUT", stack.path, json=body)

    def delete(self, stack: StackRef, *, retain: Sequence[str] = (), force: bool = False) -> None:
        """Ask for a stack's deletion; `retain` names resources that stay, `force` leaves what cannot be deleted."""
        params = [("retain", name) for name in retain] + ([("force", "true")] if force else [])
        self._call("DELETE", stack.path, params=params)

    def plan_new(self, body: Record, *, keep: bool) -> Record:
        """The plan of a new stack; `keep`: to be applied later."""
        return self._planned("/plans", body, keep)

    def plan_update(self, stack: StackRef, body: Record, *, keep: bool) -> Record:
        """The plan of an update, or with the action `delete` in the body of a deletion."""
        return self._planned(f"{stack.path}/plans", body, keep)

    def _planned(self, path: str, body: Record, keep: bool) -> Record:
        return _record(self._call("POST", path, json=body, params=[("keep", str(keep).lower())]), "plan")

    def plans(self, stack: str | None) -> list[Record]:
        """The project's kept plans, or those of one stack."""
        return list(self._call("GET", "/plans", params=[("stack", stack)] if stack else [])["plans"])

    def apply(self, plan_id: str, digest: str) -> StackRef:
        """Do what a kept plan says; its stack."""
        answer = self._call("POST", f"/plans/{quote(plan_id, '')}/apply", json={"digest": digest})
        return StackRef(answer["stack"]["stack_name"], answer["stack"]["id"])

    def forget_plan(self, plan_id: str) -> None:
        """Drop a kept plan."""
        self._call("DELETE", f"/plans/{quote(plan_id, '')}")

    def find(self, name_or_id: str) -> StackRef:
        """The stack of that name or id.

        Raises:
            problems.ApiProblem: there is none (404).
        """
        stack = self._stack(f"/stacks/{quote(name_or_id, '')}", outputs=False)
        return StackRef(stack["stack_name"], stack["id"])

    def show(self, stack: StackRef, *, outputs: bool = True) -> Record:
        """A stack with (or without) its outputs resolved."""
        return self._stack(stack.path, outputs=outputs)

    def _stack(self, path: str, *, outputs: bool) -> Record:
        params = [] if outputs else [("resolve_outputs", "false")]
        return _record(self._call("GET", path, params=params), "stack")

    def stacks(self, params: list[tuple[str, str]]) -> list[Record]:
        """The project's stacks, page after page."""
        found: list[Record] = []
        path: str | None = "/stacks"
        while path:
            answer = self._call("GET", path, params=params)
            found += answer["stacks"]
            following = [link["href"] for link in answer.get("links", ()) if link["rel"] == "next"]
            # The server's own address may differ from the one we reach it by: only the query is taken over.
            path = f"/stacks?{urlsplit(following[0]).query}" if following and not _limited(params) else None
            params = []
        return found

    def validate(self, body: Record) -> Record:
        """What the template wants: description, parameters, groups."""
        return _record(self._call("POST", "/validate", json=body))

    def template(self, stack: StackRef) -> Record:
        """The stored template."""
        return _record(self._call("GET", f"{stack.path}/template"))

    def environment(self, stack: StackRef) -> Record:
        """The stored environment, hidden values masked."""
        return _record(self._call("GET", f"{stack.path}/environment"))

    def files(self, stack: StackRef) -> Record:
        """The stored files: `{name: text}`."""
        return _record(self._call("GET", f"{stack.path}/files"))

    def outputs(self, stack: StackRef) -> list[Record]:
        """All outputs with their values."""
        return list(self.show(stack).get("outputs", ()))

    def output(self, stack: StackRef, key: str) -> Record:
        """One output with its value."""
        return _record(self._call("GET", f"{stack.path}/outputs/{quote(key, '')}"), "output")

    def act(self, stack: StackRef, action: str, given: Record | None = None) -> None:
        """Ask for an action on the stack as it is, with what the action takes."""
        self._call("POST", f"{stack.path}/actions", json={action: given})

    # ---- what was let go

    def orphans(self, *, all_projects: bool = False) -> list[Record]:
        """The objects that were let go."""
        return list(
            self._call("GET", "/orphans", params=[("global_tenant", "true")] if all_projects else [])["orphans"]
        )

    def forget_orphan(self, orphan_id: str) -> None:
        """Drop the record of an orphan."""
        self._call("DELETE", f"/orphans/{quote(orphan_id, '')}")

    def delete_orphan(self, orphan_id: str) -> bool:
        """Delete an orphan's object; False: that is under way, ask again."""
        status, content = self._send("DELETE", f"/orphans/{quote(orphan_id, '')}/object")
        if status >= 400:
            raise to_problem(status, content)
        return status != 202

    # ---- what is kept of stacks

    def snapshot(self, stack: StackRef, name: str | None) -> Record:
        """Take a snapshot."""
        return _record(self._call("POST", f"{stack.path}/snapshots", json={"name": name} if name else {}))

    def snapshots(self, stack: StackRef) -> list[Record]:
        """All snapshots with their documents, oldest first."""
        return list(self._call("GET", f"{stack.path}/snapshots")["snapshots"])

    def delete_snapshot(self, stack: StackRef, snapshot_id: str) -> None:
        """Ask for a snapshot's removal."""
        self._call("DELETE", f"{stack.path}/snapshots/{quote(snapshot_id, '')}")

    def restore(self, stack: StackRef, snapshot_id: str) -> None:
        """Bring the stack back to a snapshot."""
        self._call("POST", f"{stack.path}/snapshots/{quote(snapshot_id, '')}/restore")

    def export(self, stack: StackRef) -> Record:
        """The document by which the stack can be adopted."""
        return _record(self._call("GET", f"{stack.path}/export"))

    def abandon(self, stack: StackRef) -> Record:
        """The same, and the stack is forgotten."""
        return _record(self._call("DELETE", f"{stack.path}/abandon"))

    # ---- resources and events

    def resources(self, stack: StackRef, params: Sequence[tuple[str, str]] = ()) -> list[Record]:
        """A stack's resources; `nested_depth` among the parameters adds those of nested stacks."""
        return list(self._call("GET", f"{stack.path}/resources", params=list(params))["resources"])

    def resource(self, stack: StackRef, name: str) -> Record:
        """One resource with its attributes."""
        return _record(self._call("GET", f"{stack.path}/resources/{quote(name, '')}"), "resource")

    def metadata(self, stack: StackRef, name: str) -> Record:
        """The metadata of a resource."""
        return _record(self._call("GET", f"{stack.path}/resources/{quote(name, '')}/metadata"), "metadata")

    def signal(self, stack: StackRef, name: str, body: Any) -> None:
        """Pass a signal to a resource."""
        self._call("POST", f"{stack.path}/resources/{quote(name, '')}/signal", json=body)

    def mark_unhealthy(self, stack: StackRef, name: str, unhealthy: bool, reason: str) -> None:
        """Mark a resource as unhealthy, or take the mark away."""
        body = {"mark_unhealthy": unhealthy, "resource_status_reason": reason}
        self._call("PATCH", f"{stack.path}/resources/{quote(name, '')}", json=body)

    def events(self, stack: StackRef, params: Sequence[tuple[str, str]] = ()) -> list[Record]:
        """Events, as the parameters sort and filter them."""
        return list(self._call("GET", f"{stack.path}/events", params=list(params))["events"])

    def streams_events(self) -> bool:
        """Whether `event_lines` may be asked for."""
        return self._stream is not None

    def event_lines(
        self, stack: StackRef, params: list[tuple[str, str]], after: str | None
    ) -> AbstractContextManager[Iterable[bytes] | None]:
        """The stream of a stack's events, from an event on; None where the server has none."""
        if self._stream is None:
            return contextlib.nullcontext()
        headers = {"Last-Event-ID": after} if after else {}
        return self._stream(f"{stack.path}/events/stream", params=params, headers=headers)

    # ---- software configs and deployments

    def create_config(self, body: Record) -> Record:
        """Keep a software config."""
        return _record(self._call("POST", "/software_configs", json=body), "software_config")

    def configs(self, params: Sequence[tuple[str, str]] = ()) -> list[Record]:
        """Software configs, the newest first, without what is in them."""
        return list(self._call("GET", "/software_configs", params=list(params))["software_configs"])

    def config(self, config_id: str) -> Record:
        """One software config."""
        return _record(self._call("GET", f"/software_configs/{quote(config_id, '')}"), "software_config")

    def delete_config(self, config_id: str) -> None:
        """Drop a software config."""
        self._call("DELETE", f"/software_configs/{quote(config_id, '')}")

    def create_deployment(self, body: Record) -> Record:
        """Keep a software deployment."""
        return _record(self._call("POST", "/software_deployments", json=body), "software_deployment")

    def deployments(self, params: Sequence[tuple[str, str]] = ()) -> list[Record]:
        """Software deployments, the oldest first."""
        return list(self._call("GET", "/software_deployments", params=list(params))["software_deployments"])

    def deployment(self, deployment_id: str) -> Record:
        """One software deployment."""
        return _record(self._call("GET", f"/software_deployments/{quote(deployment_id, '')}"), "software_deployment")

    def delete_deployment(self, deployment_id: str) -> None:
        """Drop a software deployment."""
        self._call("DELETE", f"/software_deployments/{quote(deployment_id, '')}")

    def server_configs(self, server_id: str) -> list[Record]:
        """The configs of a server's deployments."""
        return list(self._call("GET", f"/software_deployments/metadata/{quote(server_id, '')}")["metadata"])

    # ---- drift

    def drift(self, stack: StackRef, *, detail: bool = False) -> Record:
        """What was seen last of the stack's live objects."""
        return _record(self._call("GET", f"{stack.path}/drift", params=_detail(detail)), "drift")

    def look_at_drift(self, stack: StackRef, body: Record, *, detail: bool = False) -> Record:
        """Look at the live objects and take decisions; what has drifted then."""
        return _record(self._call("POST", f"{stack.path}/drift", json=body, params=_detail(detail)), "drift")

    # ---- the wire

    def _call(self, method: str, path: str, *, json: Any = None, params: list[tuple[str, str]] | None = None) -> Any:
        status, content = self._send(method, path, json=json, params=params)
        if status >= 400:
            raise to_problem(status, content)
        if not content:
            return None
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            if status == 202:  # what is accepted for later is told in plain text
                return None
            raise problems.CliError(
                f"The orchestration endpoint answered {method} {path} with something that is not JSON.",
                "Does the catalog's orchestration endpoint point at an orchestration service?",
            ) from error


def to_problem(status: int, content: bytes) -> problems.ApiProblem:
    """The error an answer of the API means."""
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, Mapping):
        return problems.ApiProblem(status, "", f"The orchestration service answered {status}.")
    error = body.get("error")
    if not isinstance(error, Mapping):
        error = {}
    message = error.get("message") or body.get("explanation") or body.get("title") or f"status {status}"
    problem = problems.ApiProblem(status, str(error.get("type", "")), str(message), error.get("diagnostics") or ())
    problem.moved = [str(one) for one in error.get("moved") or ()]
    return problem


def _record(answer: Any, key: str | None = None) -> Record:
    found = answer[key] if key else answer
    if not isinstance(found, dict):
        raise problems.CliError(f"The orchestration service answered without a {key or 'body'}.")
    return found


def _detail(wanted: bool) -> list[tuple[str, str]]:
    return [("detail", "true")] if wanted else []


def _limited(params: Sequence[tuple[str, str]]) -> bool:
    return any(key == "limit" for key, _ in params)
