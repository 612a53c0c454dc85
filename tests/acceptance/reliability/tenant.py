"""A user who lives with one stack, whatever happens to the service: asks for actions, and looks what has come of them.

Each has a project of its own, so that what the cloud holds for the project can be compared with the stack.
"""

import contextlib
import copy
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from reliability import client, estate
from reliability.deployment import Deployment

STACK = "story"
#: Seconds in which no answer, or "come again later", is only to be expected.
_PATIENCE = 120.0
_PAUSE = 0.2
#: What a service that is in trouble may answer: it has stored nothing, or is not there.
_LATER = (502, 503, 504)


class Tenant(client.Client):
    """A user of a deployment. `lived` counts what was asked for and came about."""

    def __init__(self, deployment: Deployment, name: str, rng: random.Random) -> None:
        cloud = deployment.cloud
        self.end_seconds, self.timeout_minutes = cloud.end_seconds, cloud.timeout_minutes
        own = cloud.enrol(name)
        super().__init__(cloud.auth_url, deployment.api.url, own, own)
        self._deployment = deployment
        self._rng = rng
        self._before = self.contents()
        self._template: dict[str, Any] | None = None
        self._is_large = False
        self.lived: Counter[str] = Counter()
        self.doing = ""
        #: Seconds of each action, by its name.
        self.seconds: dict[str, list[float]] = {}

    # ---- requests that outlast troubles

    def call(self, url: str, method: str, body: Any = None) -> tuple[int, Any]:
        """As above; what only looks is repeated until there is an answer."""
        until = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(*client.LOST):
                answer = super().call(url, method, body)
                if method != "GET" or answer[0] not in _LATER:
                    return answer
                assert time.monotonic() < until, f"{method} {url}: {answer}"
            if method != "GET":
                raise OSError("no answer")
            assert time.monotonic() < until, f"{method} {url}: no answer"
            time.sleep(_PAUSE)

    def ask_for(self, method: str, template: Any = None, **more: Any) -> None:
        """Ask for an action until it is accepted. A request whose answer was lost is not repeated when it was heard."""
        until = time.monotonic() + _PATIENCE
        heard = self._newest_update()
        while True:
            status = 0
            with contextlib.suppress(*client.LOST):
                status = self.send(method, STACK, template, **more)
            # 409: the lost request had made the stack. 404: it is deleted already.
            if 0 < status < 300 or (method, status) in (("POST", 409), ("DELETE", 404)):
                return
            assert status in (0, *_LATER), f"{method} was answered {status}"
            assert time.monotonic() < until, f"{method} has had no answer for {_PATIENCE} s"
            time.sleep(_PAUSE)
            if method in ("PUT", "PATCH") and status == 0 and self._newest_update() != heard:
                return

    def _newest_update(self) -> str | None:
        """The event that began the newest update. Others may come while a request is lost: an older one ends."""
        shown = self.show(STACK)
        if shown is None:
            return None
        url = f"{self._stacks_url}/{STACK}/{shown['id']}/events?sort_dir=desc&limit=50&resource_name={STACK}"
        status, answer = self.call(url, "GET")
        events = answer["events"] if status == 200 else []
        return next((str(one["id"]) for one in events if one["resource_status"] == "UPDATE_IN_PROGRESS"), None)

    # ---- a life

    def live(self, on: Callable[[], bool]) -> None:
        """Do one thing after the other while `on` says so; at the end delete the stack.

        Raises:
            AssertionError: something did not come about; it says what.
        """
        while on():
            self._do(self._rng.choice(self._beginnings if self._template is None else self._goings_on))
        if self._template is not None:
            self._do(Tenant._delete)

    def _do(self, what: Callable[["Tenant"], None]) -> None:
        begun = time.monotonic()
        self.doing = what.__name__.strip("_")
        what(self)
        self.lived[self.doing] += 1
        self.seconds.setdefault(self.doing, []).append(time.monotonic() - begun)

    def _create(self) -> None:
        self._template = self._another()
        self.ask_for("POST", self._template)
        self._ended("CREATE_COMPLETE")

    def _create_in_vain(self) -> None:
        self.ask_for("POST", _doomed(self._another()), disable_rollback=False)
        self._ended("ROLLBACK_COMPLETE", check=False)
        assert self.resources(STACK) == {}
        estate.check_contents(self, self._before)
        self.ask_for("DELETE")
        self._ended("DELETE_COMPLETE")

    def _create_and_delete(self) -> None:
        self.ask_for("POST", self._another())
        self._wait_a_while()
        self.ask_for("DELETE")
        self._ended("DELETE_COMPLETE")

    def _update(self) -> None:
        self._template = self._another(larger=self._rng.random() < 0.3)
        self.ask_for("PUT", self._template)
        self._ended("UPDATE_COMPLETE")

    def _update_in_vain(self) -> None:
        self.ask_for("PUT", _doomed(self._another()), disable_rollback=False)
        self._ended("ROLLBACK_COMPLETE")

    def _update_twice(self) -> None:
        self.ask_for("PUT", self._another())
        self._wait_a_while()
        self._template = self._another()
        self.ask_for("PUT", self._template)
        self._ended("UPDATE_COMPLETE")

    def _update_and_delete(self) -> None:
        self.ask_for("PUT", self._another())
        self._wait_a_while()
        self._delete()

    def _delete(self) -> None:
        self._template, self._is_large = None, False
        self.ask_for("DELETE")
        self._ended("DELETE_COMPLETE")

    _beginnings = (_create, _create, _create, _create_in_vain, _create_and_delete)
    _goings_on = (_update, _update, _update_in_vain, _update_twice, _update_and_delete, _delete)

    def _another(self, *, larger: bool = False) -> dict[str, Any]:
        """Any version of the stack; with a larger server from now on, if that is wanted: no cloud makes one smaller."""
        first = estate.first(self._rng.choice(["same", None]))
        made = self._rng.choice([first, estate.changed(first), estate.replaced(estate.changed(first))])
        self._is_large = self._is_large or larger
        made["resources"]["two"]["properties"]["flavor"] = "m1.small" if self._is_large else "m1.tiny"
        return made

    def _wait_a_while(self) -> None:
        time.sleep(self._rng.uniform(0, 2))

    def _ended(self, wanted: str, *, check: bool = True) -> None:
        ended = self.until_ended(STACK)
        assert ended == wanted, ended
        if check:
            estate.check(self, STACK, self._before, self._template)

    # ---- what is

    def nodes_left(self) -> int:
        """Work that the store still knows of."""
        left = "SELECT count(*) FROM node n JOIN stack s ON n.stack_id = s.id WHERE s.project_id = :project"
        return int(self._deployment.query(left, project=self.project)[0][0])


def _doomed(template: dict[str, Any]) -> dict[str, Any]:
    """One thing more, which fails after much else was done."""
    made = copy.deepcopy(template)
    made["resources"]["doomed"] = {
        "type": "OS::Heat::TestResource",
        "properties": {"fail": True},
        "depends_on": "attachment",
    }
    return made
