"""What all resource types share: turning a declaration into a type, and the decision about a change of properties.

A type derives from `Base`, or from `hearth.resources.remote.RemoteResource` when a service keeps the object, and is
finished by `@resource(name)`. Nothing here talks to a cloud.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from hearth.model.constraints import shown
from hearth.model.drift import Condition
from hearth.model.plan import Decision, Verdict
from hearth.model.values import UNKNOWN
from hearth.resources import rules, schema
from hearth.resources.contract import Call, Change, Gone, Issue, Observed, Resource, Unwell, Values
from hearth.resources.schema import Attribute, Property, Schema, Support

#: The attribute every type has: the object as its service shows it.
SHOW = Attribute(dict, "The object as its service shows it.", cached=False)


class Base(Resource):
    """A resource type made from its declaration."""

    #: Rules about several properties, from `hearth.resources.rules`.
    checks: ClassVar[tuple[rules.Rule, ...]] = ()
    #: Whether attribute names beyond the declared ones mean something to the type.
    dynamic_attributes: ClassVar[bool] = False

    def has_attribute(self, name: str) -> bool:
        """Whether get_attr may ask for this name."""
        return self.dynamic_attributes or name in self.attributes

    def validate(self, properties: Values) -> Iterable[Issue]:
        """See `Resource.validate`: the declared rules."""
        return [issue for rule in self.checks for issue in rule(properties)]

    def decide(self, change: Change, call: Call) -> Decision:
        """See `Resource.decide`: a refused key beats one that replaces, that beats one changed in place."""
        for unwanted, verdict in ((_is_refused, Verdict.REFUSE), (_replaces, Verdict.REPLACE)):
            keys = tuple(key for key in change.properties if unwanted(self.properties.get(key)))
            if keys:
                return Decision(verdict, "; ".join(self._difference(key, change, call) for key in keys), keys)
        keys = tuple(change.properties)
        reason = "; ".join(self._difference(key, change, call) for key in keys) or "metadata or policies change"
        return Decision(Verdict.UPDATE, reason, keys)

    async def check(self, call: Call) -> Observed | None:
        """See `Resource.check`: the object, if the type has one, is there and in a good state."""
        try:
            observed = await self.observe(call)
            ailment = self.ailment(call, observed) if observed is not None else None
        except Gone as gone:
            raise Unwell(f"the object is not there any more: {gone}", Condition.GONE) from gone
        if ailment is not None:
            raise ailment
        return observed

    def _difference(self, key: str, change: Change, call: Call) -> str:
        declared = self.properties.get(key)
        secret = declared is not None and declared.secret
        old = change.former.get(key, (call.previous or {}).get(key))
        new = change.properties[key]
        later = "a value known after apply" if new is UNKNOWN else shown(new, secret)
        return f"{key} changes from {shown(old, secret)} to {later}"


def _is_refused(declared: Property | None) -> bool:
    return declared is not None and declared.immutable


def _replaces(declared: Property | None) -> bool:
    return declared is not None and not declared.updatable


T = TypeVar("T", bound=Base)


def resource(type_name: str, *, since: str | None = None, support: Support = ()) -> Callable[[type[T]], type[T]]:
    """Finish a type: give it its name and support status, and collect what its class body declares."""

    def finish(declared: type[T]) -> type[T]:
        declared.type_name = type_name
        declared.support = support or ((schema.SUPPORTED, since),)
        if declared.properties is not schema.ANYTHING:
            declared.properties = Schema(_declared_properties(declared))
        attributes: dict[str, Any] = {}
        for parent in reversed(declared.__mro__):
            attributes.update(vars(parent).get("attributes", {}))
        declared.attributes = {**attributes, "show": SHOW}
        declared.update_policy = Schema(declared.update_policy)
        return declared

    return finish


def _declared_properties(declared: type) -> dict[str, Property]:
    return {
        one.name: one
        for parent in reversed(declared.__mro__)
        for one in vars(parent).values()
        if isinstance(one, Property)
    }
