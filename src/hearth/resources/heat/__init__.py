"""Types of the orchestration service itself."""

from hearth.resources.heat import delay, none, random_string, resource_group, test_resource, value

TYPES = (
    delay.Delay,
    none.NoneResource,
    random_string.RandomString,
    resource_group.ResourceGroup,
    test_resource.TestResource,
    value.Value,
)
