"""OS::Heat::WaitCondition: holds up what depends on it until its handle was signalled.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::WaitCondition
"""

from hearth.resources import base
from hearth.resources.heat import wait_signals
from hearth.resources.schema import Attribute, Property

LONGEST = 43200


@base.resource("OS::Heat::WaitCondition", since="2014.2")
class WaitCondition(wait_signals.Condition):
    """Holds up what depends on it until signals have come to a handle.

    Complete when enough signals said SUCCESS; failed when one said FAILURE or the time is over.
    """

    handle = Property(str, "The handle whose signals count, given with get_resource.", required=True)
    timeout = Property(float, "Seconds to wait for the signals.", required=True, minimum=1, maximum=LONGEST)
    count = Property(int, "Number of good signals to wait for.", default=1, minimum=1, updatable=True)

    attributes = {"data": Attribute(str, "JSON text of what the signals brought, by their ids.", cached=False)}
    hears = "handle"
