"""OS::Heat::CloudConfig: a map that cloud-init reads at the first start of a server.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Heat::CloudConfig
"""

import yaml

from hearth.resources import base
from hearth.resources.contract import Call, SoftwareConfig
from hearth.resources.heat.software_config import UNGROUPED, Config
from hearth.resources.schema import Property


@base.resource("OS::Heat::CloudConfig", since="2014.1")
class CloudConfig(Config):
    """A #cloud-config document."""

    cloud_config = Property(dict, "The settings of cloud-init.")

    async def wanted(self, call: Call) -> SoftwareConfig:
        """The map as YAML, under the line by which cloud-init knows it."""
        text = yaml.safe_dump(call.properties.get("cloud_config") or {}, sort_keys=False, allow_unicode=True)
        return SoftwareConfig("", call.physical_name, UNGROUPED, f"#cloud-config\n{text}")
