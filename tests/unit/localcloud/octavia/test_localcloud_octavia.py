"""Load balancers that one request of the embedded Octavia makes with all that is in them."""

from typing import Any

import pytest

BALANCERS = "/load-balancer/v2/lbaas/loadbalancers"
NAMED = {"name": "shop", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
UNNAMED = {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}


def listener(pool: dict[str, Any], port: int = 80) -> dict[str, Any]:
    return {"protocol": "HTTP", "protocol_port": port, "default_pool": pool}


def ask(client: Any, **inside: Any) -> Any:
    network = client.post("/network/v2.0/networks", {"network": {}}).json()["network"]["id"]
    subnet = {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4}
    found = client.post("/network/v2.0/subnets", {"subnet": subnet}).json()["subnet"]["id"]
    return client.post(BALANCERS, {"loadbalancer": {"vip_subnet_id": found, **inside}})


def shown(client: Any, plural: str) -> list[Any]:
    found: list[Any] = client.get(f"/load-balancer/v2/lbaas/{plural}").json()[plural]
    return found


def test_listeners_share_a_pool_by_its_name(cloud_client: Any) -> None:
    answer = ask(cloud_client, pools=[NAMED], listeners=[listener({"name": "shop"}), listener({"name": "shop"}, 81)])
    assert answer.status == 201, answer.body
    (pool,) = shown(cloud_client, "pools")
    assert [one["default_pool_id"] for one in shown(cloud_client, "listeners")] == [pool["id"], pool["id"]]


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ({"listeners": [listener(UNNAMED)]}, "Pools must be named when creating a fully populated loadbalancer."),
        ({"listeners": [listener(NAMED), listener(NAMED, 81)]}, "Pool names must be unique"),
        ({"listeners": [listener({"name": "shop"})]}, "Pool 'shop' was referenced but no full definition was found."),
    ],
)
def test_names_tell_which_pool_is_meant(cloud_client: Any, inside: Any, told: str) -> None:
    answer = ask(cloud_client, **inside)
    assert (answer.status, told in answer.json()["faultstring"]) == (400, True), answer.body
    assert shown(cloud_client, "loadbalancers") == []
