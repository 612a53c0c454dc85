"""AWS::RDS::DBInstance: a database server, run by the database service.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-rds-dbinstance.html
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hearth.model.values import is_known
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildStack, Issue, NotKnownYet, Values
from hearth.resources.schema import Attribute, Property

_PORT: Final = "3306"
_CLASS: Final = "db."
_PASSWORD: Final = "password"


def _required(description: str, **more: Any) -> Property:
    return Property(str, description, required=True, updatable=True, **more)


@base.resource("AWS::RDS::DBInstance")
class DBInstance(nested.NestedStack):
    """A database server with one database.

    A nested stack with an OS::Trove::Instance, in which the user may do everything with the one database.
    """

    AllocatedStorage = _required("Size of its disk in GiB.")
    DBInstanceClass = _required("Flavor of the server; a leading `db.` is left out.")
    DBName = _required("Name of the database.")
    DBSecurityGroups = Property(list, "Takes no effect.", updatable=True, convertible=True)
    Engine = _required("The kind of database.", allowed=("MySQL",))
    KeyName = Property(str, "Takes no effect.", updatable=True)
    MasterUserPassword = _required("Password of the user.", secret=True)
    MasterUsername = _required("Name of the user.")
    Port = Property(str, "Port it is reached at; the database service knows 3306 only.", updatable=True)

    attributes = {
        "Endpoint.Address": Attribute(object, "Address or host name it is reached at."),
        "Endpoint.Port": Attribute(object, "Port it is reached at."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A size is a number, and there is one port."""
        yield from super().validate(properties)
        size, port = properties.get("AllocatedStorage"), properties.get("Port", _PORT)
        if isinstance(size, str) and not (size.isdecimal() and int(size) > 0):
            yield Issue(("AllocatedStorage",), f"AllocatedStorage {size!r} is no size.", "Give whole GiB, from 1 up.")
        if isinstance(port, str) and port not in ("", _PORT):
            message = f"A MySQL of the database service is reached at {_PORT}, not {port}."
            yield Issue(("Port",), message, "Leave Port out.")

    def child(self, call: Call) -> ChildStack:
        """The instance; the password is a hidden parameter."""
        given = call.properties
        if not is_known(given):
            raise NotKnownYet(f"the database of {call.name} depends on other resources")
        database = given["DBName"]
        user = {
            "name": given["MasterUsername"],
            "password": {"get_param": _PASSWORD},
            "databases": [database],
        }
        properties = {
            "name": call.physical_name,
            "flavor": given["DBInstanceClass"].removeprefix(_CLASS),
            "size": int(given["AllocatedStorage"]),
            "datastore_type": given["Engine"].lower(),
            "databases": [{"name": database}],
            "users": [user],
        }
        template = {
            "heat_template_version": "2018-08-31",
            "parameters": {_PASSWORD: {"type": "string", "hidden": True}},
            "resources": {"instance": {"type": "OS::Trove::Instance", "properties": properties}},
            "outputs": {"address": {"value": {"get_attr": ["instance", "hostname"]}}},
        }
        return ChildStack(template, parameters={_PASSWORD: given["MasterUserPassword"]}, source=call.name)

    def reference(self, call: Call) -> Any:
        """The ARN of the nested stack."""
        return nested.arn(call)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """Where it is reached."""
        if call.child is not None and path[0] == "Endpoint.Address":
            return call.child.output("address")
        return _PORT if path[0] == "Endpoint.Port" else await super().attribute_path(call, path)
