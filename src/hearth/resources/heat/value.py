"""OS::Heat::Value: gives a value a name inside a stack."""

from collections.abc import Iterable
from typing import Any

from hearth.model.values import is_known
from hearth.resources import base, checking
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.schema import Attribute, Property

#: How `value` is taken for each `type`.
_FORMS = {
    "string": Property(str, name="value"),
    "number": Property(float, name="value"),
    "comma_delimited_list": Property(list, name="value", convertible=True),
    "json": Property(dict, name="value", convertible=True),
    "boolean": Property(bool, name="value"),
}


@base.resource("OS::Heat::Value", since="7.0.0")
class Value(base.Base):
    """A value that other resources refer to.

    The attribute `value` is the value, converted to `type` if that is given.
    """

    value = Property(object, "The value.", required=True, updatable=True)
    type = Property(str, "What the value is.", updatable=True, allowed=_FORMS)

    attributes = {"value": Attribute(object, "The value in its type.")}

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The value must be of the type."""
        value, form = properties.get("value"), properties.get("type")
        if form not in _FORMS or value is None or not is_known(value):
            return ()
        return checking.convert(_FORMS[form], value)[1]

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The value in its type."""
        if name != "value":
            return None
        value, form = call.properties.get("value"), call.properties.get("type")
        return value if form is None or value is None else checking.convert(_FORMS[form], value)[0]
