"""Live the same lives of stacks on a Heat and a Hearth, and show where they differ.

    export OS_CLOUD=...    # a project that both serve
    tests/differential/life.py --heat http://127.0.0.1:8004 --hearth http://127.0.0.1:8805 [--only TEXT] [--all]

A story (stories/*.yaml) is a list of steps: create, update, preview, actions, signals, marks, snapshots, adopt, delete.
After each step that rests, both services are asked for the stack's state and reason, its resources with theirs, its
outputs, and for each resource the sequence of its events. Ids, times and physical names are not compared, nor is the
order of events of different resources, which no template asks for. Hearth must be allowed to fetch templates from the
address of this run (`template_fetch_allowed_networks`). Differences that are meant stand in known.yaml as
`life <story> <step> <what>` with their reason. Ends with 1 when there is one that does not.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import fnmatch
import http.server
import json
import pathlib
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
import yaml
from services import Service, credentials

HERE = pathlib.Path(__file__).parent
POLL_SECONDS = 0.3
GIVE_UP_SECONDS = 240
SHOWN = 400
#: How often a stack is found FAILED before that is taken for the end.
LOOKS_AT_FAILED = 8
#: Statuses of requests that are answered with an error of the service's own wording.
REFUSED = 400

Step = Mapping[str, Any]
Seen = dict[str, Any]
#: What a step is called, and the request it makes; `{}` marks the stack's own URL.
ACTIONS = frozenset({"suspend", "resume", "check", "cancel_update", "cancel_without_rollback"})


@dataclasses.dataclass(frozen=True)
class Story:
    """One life: templates by name, and what happens."""

    name: str
    templates: Mapping[str, Any]
    steps: Sequence[Step]


class Life:
    """One story on one service."""

    def __init__(self, service: Service, story: Story, web: str) -> None:
        """`web`: where both services find the folder stories/web."""
        self._service = service
        self._web = web
        self._story = story
        self._name = f"life-{uuid.uuid4().hex[:10]}"
        self._stack = ""
        self._snapshot = ""
        self._document: Any = None
        self._told: dict[str, int] = {}  # events of former steps by resource

    def run(self) -> list[Seen]:
        """What was seen after each step."""
        seen = []
        try:
            for step in self._story.steps:
                seen.append(self._take(step))
        finally:
            if self._stack:
                self._delete()
        return seen

    def _delete(self) -> None:
        for _ in range(2):
            self._service.call("DELETE", self._stack)
            if self._rest().get("state") != "DELETE_FAILED":
                return

    def _take(self, step: Step) -> Seen:
        verb, given = _verb(step)
        answer = getattr(self, f"_do_{verb}", self._do_action)(verb, given)
        if isinstance(answer, dict):
            return answer
        if answer.status_code >= REFUSED:
            return {"status": answer.status_code, "type": _type_of(answer)}
        seen: Seen = {"status": answer.status_code}
        until = step.get("until")
        if until == "now":
            return seen
        return seen | (self._reach(until) if until else self._rest())

    def _body(self, given: Any) -> dict[str, Any]:
        given = {"template": given} if isinstance(given, str) else dict(given)
        if isinstance(given.get("template"), str):
            given["template"] = self._story.templates[given["template"]]
        found: dict[str, Any] = json.loads(json.dumps(given).replace("http://web/", self._web))
        return found

    # ---- steps ----

    def _do_create(self, _verb: str, given: Any) -> Any:
        body = {"stack_name": self._name, "disable_rollback": True, **self._body(given)}
        answer = self._service.call("POST", "/stacks", json=body)
        if answer.status_code < REFUSED:
            self._stack = f"/stacks/{self._name}/{answer.json()['stack']['id']}"
        return answer

    def _do_update(self, _verb: str, given: Any) -> Any:
        return self._service.call("PUT", self._stack, json=self._body(given))

    def _do_patch(self, _verb: str, given: Any) -> Any:
        return self._service.call("PATCH", self._stack, json=self._body(given))

    def _do_preview(self, _verb: str, given: Any) -> Any:
        body = self._body(given)
        method = body.pop("method", "PUT")
        answer = self._service.call(method, f"{self._stack}/preview", json=body)
        if answer.status_code >= REFUSED:
            return answer
        lists = answer.json()["resource_changes"]
        return {"preview": {key: sorted(one["resource_name"] for one in several) for key, several in lists.items()}}

    def _do_action(self, verb: str, _given: Any) -> Any:
        return self._service.call("POST", f"{self._stack}/actions", json={verb: None})

    def _do_delete(self, _verb: str, _given: Any) -> Any:
        return self._service.call("DELETE", self._stack)

    def _do_signal(self, _verb: str, given: Any) -> Any:
        return self._service.call("POST", f"{self._stack}/resources/{given['resource']}/signal", json=given.get("data"))

    def _do_put(self, _verb: str, given: Any) -> Any:
        """Put something to the URL that an output shows, as soon as it does."""
        for _ in range(int(GIVE_UP_SECONDS / POLL_SECONDS)):
            shown = self._service.call("GET", f"{self._stack}/outputs/{given['output']}").json()["output"]
            url = shown["output_value"] or ""
            url = json.loads(url)["alarm_url"] if url.startswith("{") else url
            if url.startswith("http"):
                return requests.put(url, data=json.dumps(given.get("data")), timeout=60)
            time.sleep(POLL_SECONDS)
        return {"put": "no URL"}

    def _do_pause(self, _verb: str, given: Any) -> Any:
        """Let some seconds pass, for what happens beside the stack's own state."""
        time.sleep(given)
        return self._service.call("GET", self._stack)

    def _do_mark(self, _verb: str, given: Any) -> Any:
        body = {"mark_unhealthy": given.get("unhealthy", True), "resource_status_reason": given.get("reason", "")}
        answer = self._service.call("PATCH", f"{self._stack}/resources/{given['resource']}", json=body)
        time.sleep(1)  # it is done after the answer, and nothing in the stack's own state tells of it
        return answer

    def _do_snapshot(self, _verb: str, given: Any) -> Any:
        answer = self._service.call("POST", f"{self._stack}/snapshots", json={"name": given or "kept"})
        if answer.status_code < REFUSED:
            self._snapshot = answer.json()["id"]
        return answer

    def _do_snapshots(self, _verb: str, _given: Any) -> Any:
        answer = self._service.call("GET", f"{self._stack}/snapshots")
        kept = ("name", "status", "status_reason")
        return {"snapshots": [{key: one.get(key) for key in kept} for one in answer.json()["snapshots"]]}

    def _do_restore(self, _verb: str, _given: Any) -> Any:
        return self._service.call("POST", f"{self._stack}/snapshots/{self._snapshot}/restore")

    def _do_delete_snapshot(self, _verb: str, _given: Any) -> Any:
        return self._service.call("DELETE", f"{self._stack}/snapshots/{self._snapshot}")

    def _do_abandon(self, _verb: str, _given: Any) -> Any:
        answer = self._service.call("DELETE", f"{self._stack}/abandon")
        if answer.status_code < REFUSED:
            self._document = answer.json()
            self._stack = ""
            return {"document": _shape(self._document)}
        return answer

    def _do_adopt(self, _verb: str, _given: Any) -> Any:
        self._name = f"life-{uuid.uuid4().hex[:10]}"
        self._told = {}
        return self._do_create("", {"adopt_stack_data": json.dumps(self._document), "template": None})

    def _do_show(self, _verb: str, given: Any) -> Any:
        """Fields of any answer: `{path, fields}`; the path begins after the stack's URL."""
        answer = self._service.call("GET", self._stack + given["path"])
        body: Any = answer.json() if answer.status_code < REFUSED else None
        for key in given.get("fields", ()):
            body = body.get(key) if isinstance(body, dict) else None
        return {"status": answer.status_code, "shown": body if answer.status_code < REFUSED else None}

    def _do_tree(self, _verb: str, _given: Any) -> Any:
        """All resources of the whole tree: `owner/name: [type, status]`."""
        answer = self._service.call("GET", f"{self._stack}/resources", params={"nested_depth": 5})
        if answer.status_code >= REFUSED:
            return answer
        found = answer.json()["resources"]
        shown = {
            f"{one.get('parent_resource') or ''}/{one['resource_name']}": [one["resource_type"], one["resource_status"]]
            for one in found
        }
        return {"tree": shown, "resources": len(found)}

    # ---- looking ----

    def _reach(self, until: Mapping[str, str]) -> Seen:
        """Wait until resources are in given states; only these are seen."""
        for _ in range(int(GIVE_UP_SECONDS / POLL_SECONDS)):
            states = {one["resource_name"]: one["resource_status"] for one in self._resources()}
            if all(states.get(name) == state for name, state in until.items()):
                return {"reached": dict(until)}
            time.sleep(POLL_SECONDS)
        return {"reached": "never"}

    def _rest(self) -> Seen:
        failed = 0
        for _ in range(int(GIVE_UP_SECONDS / POLL_SECONDS)):
            answer = self._service.call("GET", self._stack)
            if answer.status_code != 200:
                return {"state": answer.status_code}
            shown = answer.json()["stack"]
            failed = failed + 1 if shown["stack_status"].endswith("FAILED") else 0
            # Heat is FAILED for a moment before it rolls back.
            if not shown["stack_status"].endswith("IN_PROGRESS") and (not failed or failed > LOOKS_AT_FAILED):
                return self._look(shown)
            time.sleep(POLL_SECONDS)
        return {"state": "no end"}

    def _look(self, shown: Mapping[str, Any]) -> Seen:
        seen: Seen = {"state": shown["stack_status"], "reason": _plain(shown["stack_status_reason"])}
        for one in shown.get("outputs", ()):
            seen[f"output {one['output_key']}"] = "error" if one.get("output_error") else one["output_value"]
        for one in self._resources():
            name = one["resource_name"]
            needed = ",".join(sorted(one.get("required_by") or ()))
            seen[f"resource {name}"] = [
                one["resource_type"],
                one["resource_status"],
                _plain(one["resource_status_reason"]),
                needed,
            ]
        events: dict[str, list[list[str]]] = {}
        answer = self._service.call(
            "GET", f"{self._stack}/events", params={"sort_dir": "asc", "sort_keys": "event_time"}
        )
        for one in answer.json().get("events", ()):
            name = "(stack)" if one["resource_name"] == self._name else one["resource_name"]
            told = [one["resource_status"], _plain(one["resource_status_reason"])]
            several = events.setdefault(name, [])
            if told not in several[-1:]:  # Heat tells some ends twice
                several.append(told)
        for name, several in events.items():
            new = several[self._told.get(name, 0) :]
            self._told[name] = len(several)
            if new:
                seen[f"events {name}"] = new
        return seen

    def _resources(self) -> list[dict[str, Any]]:
        answer = self._service.call("GET", f"{self._stack}/resources")
        return list(answer.json().get("resources", ()))


def _type_of(refusal: requests.Response) -> str | None:
    try:
        error = refusal.json().get("error")
    except ValueError:
        return "no JSON"
    return str(error["type"]) if isinstance(error, dict) else None


_ID = re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b")
_NAME = re.compile(r"life-[0-9a-f]{10}[\w-]*")


def _plain(text: str | None) -> str:
    return _NAME.sub("<stack>", _ID.sub("<id>", text or ""))


def _shape(document: Any) -> Any:
    """The keys of a document, with the values that do not depend on the moment."""
    resources = document.get("resources", {})
    kept = ("name", "type", "action", "status")
    return {
        "keys": sorted(document),
        "status": [document.get("action"), document.get("status")],
        "resources": {name: {key: one.get(key) for key in kept} for name, one in resources.items()},
    }


def _verb(step: Step) -> tuple[str, Any]:
    verbs = [key for key in step if key != "until"]
    if len(verbs) != 1:
        raise SystemExit(f"a step has one verb: {step}")
    return verbs[0], step[verbs[0]]


class _Loader(yaml.SafeLoader):
    """Keeps template versions as the text they are."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in several if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, several in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def stories() -> Iterator[Story]:
    """All stories, in the order of the files."""
    for path in sorted((HERE / "stories").glob("*.yaml")):
        for name, told in yaml.load(path.read_text(), _Loader).items():
            if not name.startswith("."):
                yield Story(f"{path.stem} {name}", told.get("templates", {}), told["steps"])


def differences(story: Story, heat: Sequence[Seen], hearth: Sequence[Seen]) -> Iterator[tuple[str, Any, Any]]:
    """`(where, heat's, hearth's)` for everything that is not the same."""
    for number, (step, first, second) in enumerate(zip(story.steps, heat, hearth, strict=True), 1):
        verb, _ = _verb(step)
        for key in sorted(first.keys() | second.keys()):
            if json.dumps(first.get(key), sort_keys=True) != json.dumps(second.get(key), sort_keys=True):
                yield f"life {story.name} {number} {verb} {key}", first.get(key), second.get(key)


class _Files(http.server.SimpleHTTPRequestHandler):
    """Serves stories/web and keeps silent."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, directory=str(HERE / "stories" / "web"), **more)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def _served(host: str) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer((host, 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{host}:{server.server_port}/"
    server.shutdown()


def main(arguments: Sequence[str] | None = None) -> int:
    """Live the stories and print what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--heat", default="http://127.0.0.1:8004")
    parser.add_argument("--hearth", required=True)
    parser.add_argument("--only", default="", help="stories whose name has this text")
    parser.add_argument("--all", action="store_true", help="show differences that are meant, too")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--web-host", default="127.0.0.1", help="own address, for templates that the services fetch")
    given = parser.parse_args(arguments)
    token, project = credentials()
    known: Mapping[str, str] = yaml.safe_load((HERE / "known.yaml").read_text()) or {}
    chosen = [story for story in stories() if given.only in story.name]

    def both(story: Story) -> tuple[list[Seen], list[Seen]]:
        first = Life(Service(given.heat, project, token), story, web).run()
        return first, Life(Service(given.hearth, project, token), story, web).run()

    meant = others = 0
    with _served(given.web_host) as web, concurrent.futures.ThreadPoolExecutor(given.workers) as pool:
        for story, (heat, hearth) in zip(chosen, pool.map(both, chosen), strict=True):
            for where, first, second in differences(story, heat, hearth):
                reason = next((why for pattern, why in known.items() if fnmatch.fnmatchcase(where, pattern)), None)
                meant, others = meant + (reason is not None), others + (reason is None)
                if given.all or reason is None:
                    print(f"{'known' if reason else 'DIFFERENT'}: {where}")
                    print(f"   heat   {json.dumps(first)[:SHOWN]}\n   hearth {json.dumps(second)[:SHOWN]}", flush=True)
    steps = sum(len(story.steps) for story in chosen)
    print(f"{len(chosen)} stories, {steps} steps: {meant} meant differences, {others} others")
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main())
