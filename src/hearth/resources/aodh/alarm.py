"""What alarms of all kinds share: what is done in which state, how often, and when they count.

The service keeps an alarm as one document with the rule of its kind inside; an update sends all of it.

Spec: https://docs.openstack.org/aodh/latest/webapi/v2.html
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from hearth.resources.contract import Call, Change, Drift, Observed
from hearth.resources.remote import Remote, RemoteResource
from hearth.resources.schema import Property

SERVICE = "alarming"
COMPARISONS = ("le", "ge", "eq", "lt", "gt", "ne")
_QUEUE = "trust+zaqar:"


def _queue_of(action: str) -> str | None:
    """The queue that an action sends to. The service writes its trust into the URL."""
    if not action.startswith(_QUEUE):
        return None
    return parse_qs(urlsplit(action).query).get("queue_name", [""])[0]


def _addresses(field: str) -> Callable[[Call, Observed], Any]:
    """Reads the actions that are no queues."""
    return lambda call, observed: [one for one in observed.get(field) or () if _queue_of(one) is None]


def _queues(field: str) -> Callable[[Call, Observed], Any]:
    """Reads the queues among the actions."""
    return lambda call, observed: [name for one in observed.get(field) or () if (name := _queue_of(one)) is not None]


def _actions(state: str, field: str) -> Property:
    return Property(list, f"URLs that are called {state}.", updatable=True, live=_addresses(field))


def _told(state: str, field: str) -> Property:
    return Property(
        list,
        f"Queues that get a message {state}.",
        default=[],
        updatable=True,
        since="8.0.0",
        items=Property(str, constraint="zaqar.queue"),
        wire=None,
        live=_queues(field),
    )


def query(*, since: str | None = None, type_since: str | None = None, **more: Any) -> Property:
    """What samples or events count."""
    return Property(
        list,
        "What counts.",
        updatable=True,
        since=since,
        items=Property(
            dict,
            fields={
                "field": Property(str, "Which field."),
                "op": Property(str, "How it is compared.", allowed=COMPARISONS),
                "value": Property(str, "With what."),
                "type": Property(
                    str,
                    "What the value is.",
                    default="string",
                    allowed=("integer", "float", "string", "boolean", "datetime"),
                    since=type_since,
                ),
            },
        ),
        **more,
    )


class Alarm(RemoteResource):
    """An alarm of some kind. Its name is made from the resource's."""

    remote = Remote(service=SERVICE, path="/v2/alarms", envelope="", identity="alarm_id")
    #: What the service calls the kind, and the field with the rule of it.
    kind: ClassVar[str]
    rule_field: ClassVar[str]

    description = Property(str, "Description of the alarm.", updatable=True, cleared="")
    enabled = Property(bool, "Whether it is looked at.", default=True, updatable=True)
    severity = Property(
        str,
        "How grave it is.",
        default="low",
        updatable=True,
        allowed=("low", "moderate", "critical"),
        since="5.0.0",
    )
    repeat_actions = Property(
        bool, "Whether actions are done again while the state lasts.", default=True, updatable=True
    )
    alarm_actions = _actions("when it goes off", "alarm_actions")
    ok_actions = _actions("when all is well", "ok_actions")
    insufficient_data_actions = _actions("when nothing is known", "insufficient_data_actions")
    alarm_queues = _told("when it goes off", "alarm_actions")
    ok_queues = _told("when all is well", "ok_actions")
    insufficient_data_queues = _told("when nothing is known", "insufficient_data_actions")
    time_constraints = Property(
        list,
        "When it counts; always if nothing is given.",
        default=[],
        since="5.0.0",
        items=Property(
            dict,
            fields={
                "name": Property(str, "Name of the time.", required=True),
                "description": Property(str, "Description of the time."),
                "start": Property(
                    str, "When it begins, as cron writes it.", required=True, constraint="cron_expression"
                ),
                "duration": Property(int, "Seconds that it lasts.", required=True, minimum=0),
                "timezone": Property(str, "Time zone of the beginning.", constraint="timezone"),
            },
        ),
    )

    def body(self, call: Call) -> dict[str, Any]:
        """The alarm with its rule inside, and queues among the actions."""
        given = super().body(call)
        body = {name: given.pop(name) for name in list(given) if name in Alarm.__dict__}
        for state in ("alarm", "ok", "insufficient_data"):
            queues = call.properties.get(f"{state}_queues") or ()
            urls = [f"trust+zaqar://?queue_name={quote(one, safe='')}" for one in queues]
            body[f"{state}_actions"] = [*(body.get(f"{state}_actions") or ()), *urls]
        return {**body, "name": call.physical_name, "type": self.kind, self.rule_field: self.rule(call, given)}

    def rule(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        """The rule, of the fields that are of this kind only."""
        return given

    async def locate(self, call: Call) -> str | None:
        """The one of the name, which is made from the row."""
        params = {"q.field": "name", "q.op": "eq", "q.value": call.physical_name}
        answer = await self.request(call, "GET", self.remote.path, params=params, creating=True)
        found = (one for one in answer.body if one["name"] == call.physical_name)
        return next((str(one[self.remote.identity]) for one in found), None)

    async def update(self, call: Call, change: Change) -> str | None:
        """Send all of it; what the service added stays."""
        present = await self.observe(call) or {}
        wanted = {**present, "description": "", **self.body(call), "name": present.get("name", call.physical_name)}
        await self.request(call, "PUT", self.path(call), wanted)
        return None

    async def suspend(self, call: Call) -> None:
        """It is not looked at."""
        await self._enable(call, enabled=False)

    async def resume(self, call: Call) -> None:
        """It is looked at again, if it is to be."""
        await self._enable(call, enabled=call.properties["enabled"])

    async def _enable(self, call: Call, *, enabled: bool) -> None:
        present = await self.observe(call) or {}
        await self.request(call, "PUT", self.path(call), {**present, "enabled": enabled})

    async def drift(self, call: Call, observed: Observed | None) -> Drift:
        """The rule's fields are looked for beside those of the alarm."""
        rule = (observed or {}).get(self.rule_field)
        return await super().drift(call, {**(observed or {}), **rule} if isinstance(rule, Mapping) else observed)


class Measured(Alarm):
    """An alarm that compares a number with a threshold."""

    comparison_operator = Property(
        str, "How the number is compared with the threshold.", updatable=True, allowed=COMPARISONS
    )
    threshold = Property(float, "What it is compared with.", required=True, updatable=True)


class Lasting(Measured):
    """An alarm about the numbers of several periods, one after the other."""

    evaluation_periods = Property(int, "How many periods it takes.", updatable=True)
