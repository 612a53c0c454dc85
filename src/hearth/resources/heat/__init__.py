"""Types of the orchestration service itself."""

from hearth.resources.heat import (
    auto_scaling_group,
    delay,
    none,
    random_string,
    remote_stack,
    resource_chain,
    resource_group,
    scaling_policy,
    swift_signal,
    test_resource,
    value,
    wait_condition,
)
from hearth.resources.heat import wait_condition_handle as handles

TYPES = (
    auto_scaling_group.AutoScalingGroup,
    delay.Delay,
    none.NoneResource,
    random_string.RandomString,
    remote_stack.RemoteStack,
    resource_chain.ResourceChain,
    resource_group.ResourceGroup,
    scaling_policy.ScalingPolicy,
    swift_signal.SwiftSignal,
    swift_signal.SwiftSignalHandle,
    test_resource.TestResource,
    value.Value,
    wait_condition.WaitCondition,
    handles.WaitConditionHandle,
)
