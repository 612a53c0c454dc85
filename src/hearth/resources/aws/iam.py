"""AWS::IAM::User and AWS::IAM::AccessKey: somebody who acts from inside a server, and the key pair that signs for them.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-user.html
"""

from collections.abc import Iterable
from typing import Any, Final

from hearth.model.values import UNKNOWN
from hearth.resources import base, failures
from hearth.resources.contract import Call, Issue, Neighbour, Neighbours, Observed, Permanent, Reference, Values
from hearth.resources.heat import access_policy, stack_user
from hearth.resources.schema import Attribute, Property

USER_TYPE: Final = "AWS::IAM::User"
KEY_TYPE: Final = "AWS::IAM::AccessKey"
#: The property of a key pair that holds the reference of its user.
NAME: Final = "UserName"


@base.resource(USER_TYPE)
class User(stack_user.WithUser):
    """A user that acts inside servers.

    May signal, and read the metadata of the resources that its policies name.
    """

    groups = Property(list, "Takes no effect.", name="Groups")
    login = Property(
        dict,
        "How the user signs in.",
        name="LoginProfile",
        fields={"Password": Property(str, "The password; made if it is not given.", secret=True)},
    )
    place = Property(str, "Takes no effect.", name="Path")
    policies = Property(list, f"Names of resources of the type {access_policy.TYPE}.", name="Policies")

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """Each policy is in the stack."""
        given = me.properties.get("Policies")
        for at, one in enumerate(given if isinstance(given, list) else ()):
            name = one.resource if isinstance(one, Reference) else one
            if isinstance(name, str) and (name not in others or others[name].type.type_name != access_policy.TYPE):
                message = f"{name!r} is no {access_policy.TYPE} of this stack."
                yield Issue(("Policies", at), message, "Name one that is.")

    async def create(self, call: Call) -> str | None:
        """Make the user."""
        password = (call.properties.get("LoginProfile") or {}).get("Password")
        return (await self.make_user(call, password)).id

    def reference(self, call: Call) -> Any:
        """The name."""
        return call.physical_name

    def told(self, call: Call) -> Values:
        """Who it is."""
        return {stack_user.USER: call.data[stack_user.USER]}


@base.resource(KEY_TYPE)
class AccessKey(base.Base):
    """A key pair with which a user signs requests.

    A user has one; it stands for its access part.
    """

    secret_data = (stack_user.SECRET,)
    external = True
    reads = {NAME: USER_TYPE}

    serial = Property(int, "Number of the key.", name="Serial", implemented=False)
    status = Property(str, "Whether it is in use.", name="Status", allowed=("Active", "Inactive"), implemented=False)
    user = Property(str, "The user, given with Ref.", name=NAME, required=True)

    attributes = {
        "SecretAccessKey": Attribute(str, "The secret part.", cached=False),
        "UserName": Attribute(str, "The user.", cached=False),
    }

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """The user is in the stack."""
        given = me.properties.get(NAME)
        named = others.get(given.resource) if isinstance(given, Reference) else None
        if given is not UNKNOWN and (named is None or named.type.type_name != USER_TYPE):
            shown = given.resource if isinstance(given, Reference) else given
            yield Issue((NAME,), f"{shown!r} is no {USER_TYPE} of this stack.", "Refer to one with Ref.")

    async def create(self, call: Call) -> str | None:
        """Make the pair; one that a lost attempt made is taken away by that."""
        told = call.referred.get(NAME)
        if told is None:
            raise Permanent(f"there is no user {call.properties[NAME]!r} in the stack", "EntityNotFound")
        with failures.sorted_out(creating=True):
            pair = await stack_user.users_of(call).key(told[stack_user.USER])
        call.data |= {stack_user.USER: told[stack_user.USER], stack_user.SECRET: pair.secret}
        return pair.access

    async def delete(self, call: Call) -> None:
        """Take it away, unless another one has taken its place."""
        with failures.sorted_out():
            await stack_user.users_of(call).drop_key(call.data[stack_user.USER], str(call.physical_id))

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Both are known here."""
        return call.data.get(stack_user.SECRET) if name == "SecretAccessKey" else call.properties.get(NAME)
