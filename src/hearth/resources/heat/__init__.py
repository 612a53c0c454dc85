"""Types of the orchestration service itself."""

from hearth.resources.heat import (
    delay,
    none,
    random_string,
    resource_chain,
    resource_group,
    swift_signal,
    test_resource,
    value,
    wait_condition,
)
from hearth.resources.heat import wait_condition_handle as handles

TYPES = (
    delay.Delay,
    none.NoneResource,
    random_string.RandomString,
    resource_chain.ResourceChain,
    resource_group.ResourceGroup,
    swift_signal.SwiftSignal,
    swift_signal.SwiftSignalHandle,
    test_resource.TestResource,
    value.Value,
    wait_condition.WaitCondition,
    handles.WaitConditionHandle,
)
