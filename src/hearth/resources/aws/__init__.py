"""Types that CloudFormation templates use, as far as they have a meaning here."""

from hearth.resources.aws import stack, wait_condition

TYPES = (
    stack.Stack,
    wait_condition.WaitCondition,
    wait_condition.WaitConditionHandle,
    wait_condition.UpdateWaitConditionHandle,
)
