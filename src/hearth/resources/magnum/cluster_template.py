"""OS::Magnum::ClusterTemplate, and BayModel as it was called before: what clusters are made like.

Spec: https://docs.openstack.org/api-ref/container-infrastructure-management/#manage-cluster-templates
"""

from collections.abc import Iterable
from typing import Final

from hearth.model.values import is_known
from hearth.resources import base, patched
from hearth.resources.contract import Issue, Values
from hearth.resources.remote import Remote
from hearth.resources.schema import PHYSICAL_NAME, Property

SERVICE: Final = "container-infra"
#: Where volumes of containers may come from.
_VOLUMES: Final = {"kubernetes": "cinder", "swarm": "rexray", "mesos": "rexray"}


@base.resource("OS::Magnum::ClusterTemplate", since="9.0.0")
class ClusterTemplate(patched.Patched):
    """What clusters of containers are made of.

    Only whether it is public can be changed.
    """

    remote = Remote(
        service=SERVICE, path="/v1/clustertemplates", envelope="", plural="clustertemplates", identity="uuid"
    )

    name = Property(str, "Name of the template.", default=PHYSICAL_NAME)
    coe = Property(str, "What runs containers.", required=True, allowed=("kubernetes", "swarm", "mesos"))
    image = Property(str, "Image of the servers.", required=True, constraint="glance.image", wire="image_id")
    flavor = Property(str, "Flavor of the nodes.", constraint="nova.flavor", wire="flavor_id")
    master_flavor = Property(str, "Flavor of the masters.", constraint="nova.flavor", wire="master_flavor_id")
    keypair = Property(str, "Key pair of the servers.", constraint="nova.keypair", wire="keypair_id")
    external_network = Property(
        str, "Network to the outside.", required=True, refers="neutron.network", wire="external_network_id"
    )
    fixed_network = Property(str, "Network inside; one is made if none is given.", refers="neutron.network")
    fixed_subnet = Property(str, "Subnet inside.", refers="neutron.subnet")
    dns_nameserver = Property(str, "Name server of the servers.", constraint="ip_addr")
    docker_volume_size = Property(int, "GiB for containers on each server.", minimum=1)
    docker_storage_driver = Property(
        str, "How layers of containers are kept.", default="devicemapper", allowed=("devicemapper", "overlay")
    )
    network_driver = Property(str, "How containers reach one another.")
    volume_driver = Property(str, "Where volumes of containers come from.", allowed=("cinder", "rexray"))
    http_proxy = Property(str, "Proxy for HTTP.")
    https_proxy = Property(str, "Proxy for HTTPS.")
    no_proxy = Property(str, "What is reached without a proxy.")
    labels = Property(dict, "Texts that change how clusters are made.")
    tls_disabled = Property(bool, "Whether its API is open to all.", default=False)
    public = Property(bool, "Whether all projects may use it.", default=False, updatable=True, cleared=False)
    registry_enabled = Property(bool, "Whether clusters have an image registry.", default=False)
    server_type = Property(str, "Virtual machines, or bare metal.", default="vm", allowed=("vm", "bm"))
    floating_ip_enabled = Property(bool, "Whether servers have floating addresses.", default=True)
    master_lb_enabled = Property(bool, "Whether masters are behind a load balancer.", default=True)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Each engine knows one driver of volumes."""
        yield from super().validate(properties)
        engine, driver = properties.get("coe"), properties.get("volume_driver")
        if is_known(driver) and driver and engine in _VOLUMES and driver != _VOLUMES[engine]:
            yield Issue(
                ("volume_driver",), f"{driver!r} is not for {engine}.", f"Use {_VOLUMES[engine]!r}, or leave it out."
            )


_BAY_MODEL = (("HIDDEN", "11.0.0"), ("DEPRECATED", "9.0.0"), ("SUPPORTED", "5.0.0"))


@base.resource("OS::Magnum::BayModel", support=_BAY_MODEL)
class BayModel(ClusterTemplate):
    """What clusters of containers are made of; the older name."""
