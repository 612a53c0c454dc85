"""AWS::CloudFormation::WaitCondition and its handle, and the handle that every update makes anew.

Signals are put to a signed URL, the reference of the handle. Where no domain for stack users is configured, the ARN of
the handle stands in for it: signals come through the native API then, with the same body.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-waitcondition.html
"""

from typing import Any

from hearth.model import names
from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.heat import signed_url, stack_user, wait_signals
from hearth.resources.schema import Attribute, Property

_KEYS = ("Status", "UniqueId", "Data", "Reason")
_LONGEST = 43200
#: The key of private data.
_URL = "url"


class SignedHandle(stack_user.WithUser):
    """A handle whose signals have exactly the four keys."""

    takes_signals = True

    async def create(self, call: Call) -> str | None:
        """Sign the URL."""
        if call.users is None:
            return call.physical_name
        user = await self.make_user(call)
        call.data[_URL] = await signed_url.create(call, signed_url.Kind.WAIT_CONDITION)
        return user.id

    def reference(self, call: Call) -> Any:
        """The URL; without one the handle's ARN, and what tells it from one that it replaced."""
        if _URL in call.data:
            return call.data[_URL]
        stack = call.stack
        arn = names.StackIdentity(stack.project_id, stack.name, stack.id, f"/resources/{call.name}").arn()
        return f"{arn}?{call.resource_id}"

    async def signal(self, call: Call, details: Any) -> str:
        """Note a signal under its id."""
        given = wait_signals.check_keys(details, _KEYS, all_of_them=True)
        status = wait_signals.check_status(given["Status"])
        entry = {"Status": status, "Data": given["Data"], "Reason": given["Reason"]}
        call.metadata = {**call.metadata, str(given["UniqueId"]): entry}
        return f"status:{status} reason:{given['Reason']}"


@base.resource("AWS::CloudFormation::WaitConditionHandle", since="2014.1")
class WaitConditionHandle(SignedHandle):
    """The place that servers send their signals to.

    Keeps the signals it gets in its metadata, by their ids.
    """


@base.resource("OS::Heat::UpdateWaitConditionHandle", since="2014.1")
class UpdateWaitConditionHandle(SignedHandle):
    """A handle that is replaced at every update, so that its wait conditions wait again."""

    renewed = True


@base.resource("AWS::CloudFormation::WaitCondition", since="2014.1")
class WaitCondition(wait_signals.Condition):
    """Holds up what depends on it until signals have come to a handle.

    Complete when enough signals said SUCCESS; failed when one said FAILURE or the time is over.
    """

    handle = Property(str, "The handle whose signals count, given with Ref.", required=True, name="Handle")
    timeout = Property(
        int, "Seconds to wait for the signals.", required=True, minimum=1, maximum=_LONGEST, name="Timeout"
    )
    count = Property(int, "Number of good signals to wait for.", default=1, minimum=1, updatable=True, name="Count")

    attributes = {"Data": Attribute(str, "JSON text of what the signals brought, by their ids.", cached=False)}
    hears = "Handle"
    count_key = "Count"
    timeout_key = "Timeout"
    data_key = "Data"
