"""OS::Trove::Cluster: several servers of one database.

Spec: https://docs.openstack.org/api-ref/database/#clusters
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.model.states import Action
from hearth.resources import base
from hearth.resources.contract import Call, InError, Issue, Observed, Values, Wait
from hearth.resources.schema import PHYSICAL_NAME, USED_ONCE, Attribute, Property
from hearth.resources.trove import served


@base.resource("OS::Trove::Cluster", since="2015.1")
class Cluster(served.Served):
    """A cluster of database servers.

    Nothing of it can be changed.
    """

    remote = served.collection("cluster")

    name = Property(str, "Name of the cluster.", length=(None, 255), default=PHYSICAL_NAME)
    datastore_type = Property(
        str, "What database.", required=True, length=(None, 255), wire=None, live="datastore.type"
    )
    datastore_version = Property(
        str, "Which version.", required=True, length=(None, 255), wire=None, live="datastore.version"
    )
    instances = Property(
        list,
        "Its servers.",
        required=True,
        live=USED_ONCE,
        items=Property(
            dict,
            fields={
                "availability_zone": Property(str, "Where it is.", since="14.0.0"),
                "flavor": Property(str, "Flavor of the server.", required=True, refers="trove.flavor"),
                "networks": Property(
                    list,
                    "Networks that it is on.",
                    default=[],
                    since="10.0.0",
                    items=Property(
                        dict,
                        fields={
                            "fixed_ip": Property(str, "An address.", constraint="ip_addr"),
                            "network": Property(str, "The network.", refers="neutron.network"),
                            "port": Property(str, "The port.", refers="neutron.port"),
                        },
                    ),
                ),
                "volume_size": Property(int, "Size of its volume in GiB.", required=True, minimum=1, maximum=150),
            },
        ),
    )

    attributes = {
        "instances": Attribute(
            list, "Ids of its servers.", source=lambda shown: [one["id"] for one in shown.get("instances") or ()]
        ),
        "ip": Attribute(list, "Its addresses."),
    }

    def validate(self, properties: Values) -> Iterable[Issue]:
        """A network is a network or a port."""
        yield from super().validate(properties)
        given = properties.get("instances")
        for at, one in enumerate(given if isinstance(given, list) else ()):
            if isinstance(one, Mapping):
                yield from served.wrong_networks(("instances", at, "networks"), one.get("networks"))

    def body(self, call: Call) -> dict[str, Any]:
        """In the service's words."""
        given = call.properties
        datastore = {"type": given["datastore_type"], "version": given["datastore_version"]}
        instances = [_instance(one) for one in given["instances"]]
        return {"name": given.get("name") or call.physical_name, "datastore": datastore, "instances": instances}

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """When no task is under way; the servers say whether it went well."""
        if observed is None:
            return await super().settle(call, observed)
        states = {str(one.get("status")) for one in observed.get("instances") or ()}
        if bad := states & {"ERROR", "FAILED"}:
            raise InError(f"servers of the cluster are in status {', '.join(sorted(bad))}")
        is_idle = (observed.get("task") or {}).get("name") == "NONE"
        return None if is_idle and call.action is not Action.DELETE else Wait()

    def ailment(self, call: Call, observed: Observed) -> None:
        """Its servers have a status, it has none."""


def _instance(given: Mapping[str, Any]) -> dict[str, Any]:
    body = {"flavorRef": given["flavor"], "volume": {"size": given["volume_size"]}}
    if given.get("availability_zone"):
        body["availability_zone"] = given["availability_zone"]
    return {**body, "nics": served.nics(given["networks"])} if given["networks"] else body
