"""Cron triggers: executions that begin by themselves, at the times of a pattern or once.

Nobody watches the clock: before each request, what has come due since the last one begins, with the time at which it
was due. Of a long time (the clock was put ahead, the cloud was not running) only so many begin; the further times of a
pattern are left out, and what comes next is after now. A trigger whose last execution has begun is gone.

Spec: https://docs.openstack.org/mistral/latest/user/rest_api_v2.html#cron-triggers
"""

import datetime
import heapq
import json
from typing import Any

from hearth.localcloud.core import cron, errors, service, staged, state
from hearth.localcloud.core.service import Route
from hearth.localcloud.core.staged import Field
from hearth.localcloud.keystone import delegation
from hearth.localcloud.mistral import known

#: Executions that begin between two requests, and of a project's that are kept: the newest ones.
_MOST = 200
#: Characters of a trigger's name, and of the input of what it begins, which each execution repeats.
_LONGEST_NAME = 255
_LARGEST_INPUT = 65_535
#: The service wants some time before the first execution.
_SOONEST = datetime.timedelta(minutes=1)
_MOST_TIMES = 2**31 - 1
#: How a time is shown, which sorts as text.
_FORM = "%Y-%m-%d %H:%M:%S"


def _pattern(text: str) -> str:
    if text and cron.parse(text).following(datetime.datetime.fromtimestamp(0, datetime.UTC)) is None:
        raise ValueError(f"there is no date for the pattern {text!r}")
    return text


def _named(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"the name has {len(text)} characters; the limit is {_LONGEST_NAME}")
    return text


class Triggers(known.Known):
    """When workflows run by themselves."""

    singular, plural, path = "cron_trigger", "cron_triggers", "/v2/cron_triggers"
    create_status = 201
    index = ("project_id", "name")
    fields = (
        Field("name", required=True, check=_named),
        Field("workflow_name", nullable=True),
        Field("workflow_id", nullable=True),
        Field("workflow_input", (dict, str), default={}, nullable=True),
        Field("workflow_params", (dict, str), default={}, nullable=True),
        Field("pattern", nullable=True, check=_pattern),
        Field("first_execution_time", nullable=True),
        Field("remaining_executions", int, nullable=True, check=staged.between(1, _MOST_TIMES)),
    )

    def routes(self) -> list[Route]:
        """A trigger cannot be changed."""
        return [one for one in super().routes() if one.method != self.update_method]

    def complete(self, call: service.Call, document: state.Document) -> None:
        """The workflow under both its names, and when it runs first."""
        if any(self.owned(call, other) for other in self.table.select(name=document["name"])):
            raise errors.ApiError(409, f"Duplicate entry for CronTrigger ['name']: {document['name']}")
        workflow = self.mistral.workflows.find(call, document["workflow_id"] or document["workflow_name"] or "")
        document |= {"workflow_id": workflow["id"], "workflow_name": workflow["name"]}
        for name in ("workflow_input", "workflow_params"):
            document[name] = json.dumps(self.as_map(document, name))
            if len(document[name]) > _LARGEST_INPUT:
                raise self.refuse(f"{name} has {len(document[name])} characters; the limit is {_LARGEST_INPUT}.")
        if document["first_execution_time"]:
            document["next_execution_time"] = self._first(document["first_execution_time"])
        elif document["pattern"]:
            document["next_execution_time"] = _following(document["pattern"], self._now())
        else:
            raise self.refuse("Pattern or first_execution_time must be specified.")
        if not document["pattern"]:
            if (document["remaining_executions"] or 1) > 1:
                raise self.refuse("More than one execution needs a pattern.")
            document["remaining_executions"] = 1
        delegation.require(call, 500)

    def _first(self, text: str) -> str:
        try:
            moment = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=datetime.UTC)
        except ValueError:
            raise self.refuse(f"first_execution_time {text!r} is not a time such as 2030-01-31 12:00.") from None
        if moment < self._now() + _SOONEST:
            raise self.refuse(f"first_execution_time {text!r} is less than a minute from now.")
        return moment.strftime(_FORM)

    def _now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.cloud.clock.now(), datetime.UTC)

    def run_due(self) -> None:
        """Begin what is due, the oldest first."""
        now = self._now()
        latest = now.strftime(_FORM)
        due = [(one["next_execution_time"], one["id"]) for one in self.table if one["next_execution_time"] <= latest]
        if not due:
            return
        heapq.heapify(due)
        begun = 0
        while due and begun < _MOST:
            at, id = heapq.heappop(due)
            after = self._run(self._known(id), datetime.datetime.fromisoformat(at).replace(tzinfo=datetime.UTC))
            if after is not None and after <= latest:
                heapq.heappush(due, (after, id))
            begun += 1
        for _, id in due:
            trigger = self._known(id)
            if trigger["pattern"]:
                self._wait(trigger, now)
        self.mistral.executions.drop_begun(_MOST)

    def _known(self, id: str) -> state.Document:
        found = self.table.get(id)
        assert found is not None
        return found

    def _run(self, trigger: state.Document, at: datetime.datetime) -> str | None:
        """When it runs next; None: it does not."""
        workflow = self.mistral.workflows.table.get(trigger["workflow_id"])
        if workflow is not None:
            self.mistral.executions.begin_by(trigger, workflow, at.timestamp())
        left = trigger["remaining_executions"]
        if left == 1:
            self.table.delete(trigger["id"])
            return None
        return self._wait(trigger, at, remaining_executions=left and left - 1)

    def _wait(self, trigger: state.Document, after: datetime.datetime, **changes: Any) -> str:
        following = _following(trigger["pattern"], after)
        self.table.update(trigger["id"], next_execution_time=following, **changes)
        return following


def _following(pattern: str, after: datetime.datetime) -> str:
    found = cron.parse(pattern).following(after)
    assert found is not None, "a pattern without a date is refused"
    return found.strftime(_FORM)
