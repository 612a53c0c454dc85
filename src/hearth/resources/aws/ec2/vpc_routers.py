"""The routers of a VPC: its own, and those of its route tables.

A VPC is a network and a router of the same name and description; the description is the mark of the VPC's row. The
routers of route tables have a tag with the network's id. Used by the types that work on them.
"""

from typing import Any, Final

from hearth.resources import failures
from hearth.resources.contract import Call, Gone
from hearth.resources.neutron import network_resource

_ROUTERS: Final = "/v2.0/routers"
_TAG: Final = "hearth-vpc"


def tag(network: str) -> str:
    """The tag of the routers of a VPC's route tables."""
    return f"{_TAG}={network}"


async def own_router(call: Call, network: str) -> str | None:
    """The id of the router that was made with a VPC; None when the network was not made as one."""
    try:
        with failures.sorted_out():
            shown = (await call.cloud.get("network", f"/v2.0/networks/{network}")).body["network"]
    except Gone:
        return None
    wanted = {"name": shown["name"], "description": shown.get("description") or ""}
    listed = await network_resource.listing(call, _ROUTERS, "routers", **wanted)
    found = [one for one in listed if all((one.get(key) or "") == value for key, value in wanted.items())]
    return str(found[0]["id"]) if found else None


async def of_route_tables(call: Call, network: str) -> list[dict[str, Any]]:
    """The routers of a VPC's route tables."""
    listed = await network_resource.listing(call, _ROUTERS, "routers", tags=tag(network))
    return [one for one in listed if tag(network) in one.get("tags", ())]


async def interface(call: Call, router: str, subnet: str) -> dict[str, Any] | None:
    """The port by which a router is on a subnet."""
    ports = await network_resource.listing(call, "/v2.0/ports", "ports", device_id=router)
    return next((one for one in ports if any(ip["subnet_id"] == subnet for ip in one["fixed_ips"])), None)


async def connect(call: Call, router: str, subnet: str) -> None:
    """Put a router on a subnet, unless it is there."""
    if await interface(call, router, subnet) is None:
        with failures.sorted_out(creating=True):
            await call.cloud.request(
                "network", "PUT", f"{_ROUTERS}/{router}/add_router_interface", json={"subnet_id": subnet}
            )


async def separate(call: Call, router: str, subnet: str) -> None:
    """Take a router off a subnet; it is no error when it is not there."""
    if await interface(call, router, subnet) is None:
        return
    try:
        with failures.sorted_out():
            await call.cloud.request(
                "network", "PUT", f"{_ROUTERS}/{router}/remove_router_interface", json={"subnet_id": subnet}
            )
    except Gone:
        return
