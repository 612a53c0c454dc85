"""AWS::AutoScaling::LaunchConfiguration: what the servers of a group are like.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-autoscaling-launchconfiguration.html
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from hearth.model.plan import Decision, Verdict
from hearth.resources import base, failures
from hearth.resources.aws.ec2 import instance_properties
from hearth.resources.contract import Call, Change, Issue, Permanent, Values
from hearth.resources.schema import Property

TYPE: Final = "AWS::AutoScaling::LaunchConfiguration"
#: Among what it tells: the metadata that members are to have.
METADATA: Final = "Metadata"
#: The key of private data that holds what was taken from a server.
_TAKEN = "taken_from_server"


@base.resource(TYPE)
class LaunchConfiguration(base.Base):
    """What the servers of a group are made of.

    Never changes, so every change makes another one. Groups refer to it by Ref.
    """

    disks = instance_properties.disks_property()
    image = Property(str, "Image the servers boot from.", name="ImageId", constraint="glance.image")
    server = Property(
        str,
        "Server from which image, flavor, key pair and security groups are taken that are not given.",
        name="InstanceId",
        refers="nova.server",
    )
    flavor = Property(str, "Size of the servers.", name="InstanceType", constraint="nova.flavor")
    key = Property(str, "Key pair that is let in.", name="KeyName", constraint="nova.keypair")
    hints = instance_properties.hints_property()
    groups = Property(list, "Security groups.", name="SecurityGroups")
    user_data = Property(str, "Data for the first start of a server.", name="UserData", secret=True)
    kernel = Property(str, "Image of the kernel.", name="KernelId", implemented=False)
    ramdisk = Property(str, "Image of the RAM disk.", name="RamDiskId", implemented=False)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Without a server to take them from, image and size are needed."""
        yield from super().validate(properties)
        yield from instance_properties.disk_issues(properties)
        if "InstanceId" not in properties:
            for name in ("ImageId", "InstanceType"):
                if name not in properties:
                    yield Issue((), f"The launch configuration has no {name}.", f"Give {name}, or an InstanceId.")

    def decide(self, change: Change, call: Call) -> Decision:
        """Its metadata are those of the members."""
        if change.metadata and not change.properties:
            return Decision(Verdict.REPLACE, "metadata of the members change", ())
        return super().decide(change, call)

    def reference(self, call: Call) -> Any:
        """The name made for it."""
        return call.physical_name

    async def create(self, call: Call) -> str | None:
        """Look at the server, if there is one to take things from."""
        if "InstanceId" in call.properties:
            with failures.sorted_out(creating=True):
                answer = await call.cloud.get("compute", f"/servers/{call.properties['InstanceId']}")
            taken = _taken(answer.body["server"])
            if "ImageId" not in {**taken, **call.properties}:
                raise Permanent(f"server {call.properties['InstanceId']} boots from a volume: give ImageId")
            call.data[_TAKEN] = json.dumps(taken)
        return call.physical_name

    def told(self, call: Call) -> Values:
        """What members are made of."""
        return {**json.loads(call.data.get(_TAKEN, "{}")), **call.properties, METADATA: call.metadata or {}}


def _taken(server: dict[str, Any]) -> Values:
    image = server.get("image")
    taken = {
        "ImageId": image.get("id") if isinstance(image, dict) else None,
        "InstanceType": server["flavor"].get("id") or server["flavor"].get("original_name"),
        "KeyName": server.get("key_name"),
        "SecurityGroups": sorted({one["name"] for one in server.get("security_groups") or ()}),
    }
    return {key: value for key, value in taken.items() if value}
