"""AWS::CloudFormation::WaitCondition and its handle, and the handle that every update makes anew.

Signed URLs need the CloudFormation API, which is not served: these handles are signalled through the native API, with
the body that the CloudFormation URL takes. Their reference is made from their ARN.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-waitcondition.html
"""

from typing import Any

from hearth.model import names
from hearth.resources import base
from hearth.resources.contract import Call
from hearth.resources.heat import wait_signals
from hearth.resources.schema import Attribute, Property

_KEYS = ("Status", "UniqueId", "Data", "Reason")
_LONGEST = 43200


class ArnHandle(base.Base):
    """A handle whose signals have exactly the four keys."""

    takes_signals = True

    def reference(self, call: Call) -> Any:
        """The handle's ARN, and what tells it from one that it replaced."""
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
class WaitConditionHandle(ArnHandle):
    """Keeps the signals it gets in its metadata, by their ids."""


@base.resource("OS::Heat::UpdateWaitConditionHandle", since="2014.1")
class UpdateWaitConditionHandle(ArnHandle):
    """A handle that is replaced at every update, so that its wait conditions wait again."""

    renewed = True


@base.resource("AWS::CloudFormation::WaitCondition", since="2014.1")
class WaitCondition(wait_signals.Condition):
    """Complete when enough signals said SUCCESS; failed when one said FAILURE or the time is over."""

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
