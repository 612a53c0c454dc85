"""Types of the orchestration service itself."""

from hearth.resources.heat import delay, none, random_string, test_resource, value

TYPES = (
    delay.Delay,
    none.NoneResource,
    random_string.RandomString,
    test_resource.TestResource,
    value.Value,
)
