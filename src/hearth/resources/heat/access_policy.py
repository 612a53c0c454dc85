"""OS::Heat::AccessPolicy: resources of the stack whose metadata a user of the stack may read.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::AccessPolicy
"""

from collections.abc import Iterable
from typing import Any, Final

from hearth.resources import base, schema
from hearth.resources.contract import Call, Issue, Neighbour, Neighbours
from hearth.resources.schema import Property

TYPE: Final = "OS::Heat::AccessPolicy"
RESOURCES: Final = "AllowedResources"


@base.resource(TYPE, support=((schema.SUPPORTED, None),))
class AccessPolicy(base.Base):
    """Names the resources whose metadata a user may read.

    Counts for those users whose `Policies` name it.
    """

    resources = Property(list, "Names of the resources.", name=RESOURCES, required=True)

    def reference(self, call: Call) -> Any:
        """Its name in the template, by which users name it."""
        return call.name

    def fits(self, me: Neighbour, others: Neighbours) -> Iterable[Issue]:
        """The resources are in the stack."""
        given = me.properties.get(RESOURCES)
        for at, name in enumerate(given if isinstance(given, list) else ()):
            if isinstance(name, str) and name not in others:
                message = f"There is no resource {name!r} in the stack."
                yield Issue((RESOURCES, at), message, "Name a resource of this stack.")
