"""A life in Neutron: networks, subnets, ports, routers, floating IPs, security groups, trunks, pools, RBAC."""

from typing import Any

from conformance_stage import Stage

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def live(stage: Stage) -> None:
    """Run it."""
    _networks(stage)
    _subnets(stage)
    _ports(stage)
    _routers(stage)
    _floating_ips(stage)
    _security_groups(stage)
    _trunks(stage)
    _pools(stage)
    _sharing(stage)
    _limits(stage)
    _end(stage)


def _post(stage: Stage, label: str, what: str, **fields: Any) -> Any:
    plural = "policies" if what == "policy" else f"{what}s"
    return stage.api(label, f"POST network /v2.0/{plural.replace('_', '-')}", {what: fields})


def _networks(stage: Stage) -> None:
    stage.cli("extension list --network")
    stage.cli("network list --external")
    stage.cli("network create --description first cf-net")
    stage.cli("network show cf-net")
    stage.cli("network set --description second --disable cf-net")
    stage.cli("network set --enable --tag one cf-net")
    stage.cli("network list --long --name cf-net")
    stage.cli("network list --tags one")
    stage.cli("network create --external cf-outside")
    stage.cli("network create --provider-network-type vlan --provider-segment 100 cf-vlan")
    stage.cli("network create --mtu 1400 --disable-port-security cf-loose")
    stage.cli("network create cf-twice")
    stage.cli("network create cf-twice")
    stage.cli("network show cf-twice")
    stage.cli("network show cf-missing")
    stage.api("unknown network", f"GET network /v2.0/networks/{UNKNOWN}")
    _post(stage, "network with an unknown field", "network", name="cf-odd", colour="red")
    _post(stage, "network of a bad type", "network", name="cf-odd", admin_state_up="perhaps")
    _post(stage, "network of a bad MTU", "network", name="cf-odd", mtu=-1)
    _post(stage, "network of a long name", "network", name="n" * 256)
    stage.api("no body", "POST network /v2.0/networks", {})
    stage.api("list in a body", "POST network /v2.0/networks", {"networks": [{"name": "cf-a"}, {"name": "cf-b"}]})
    stage.api("unknown resource", "GET network /v2.0/nothings")
    stage.api("bad token", "GET network /v2.0/networks", token="nonsense")
    stage.api("networks by fields", "GET network /v2.0/networks?fields=id&fields=name&name=cf-net")
    stage.api("networks by page", "GET network /v2.0/networks?limit=1&sort_key=name&sort_dir=asc&name=cf-twice")
    stage.api("networks of a bad marker", f"GET network /v2.0/networks?limit=1&marker={UNKNOWN}")
    stage.api("networks of a bad limit", "GET network /v2.0/networks?limit=-1")
    stage.api("networks of an unknown sort key", "GET network /v2.0/networks?sort_key=nothing&sort_dir=asc")


def _subnets(stage: Stage) -> None:
    net = stage.member.network.find_network("cf-net").id
    stage.cli("subnet create --network cf-net --subnet-range 10.77.0.0/24 --dns-nameserver 8.8.8.8 "
              "--allocation-pool start=10.77.0.10,end=10.77.0.99 --host-route "
              "destination=10.1.0.0/16,gateway=10.77.0.5 cf-subnet")  # fmt: skip
    stage.cli("subnet show cf-subnet")
    stage.cli("subnet set --dns-nameserver 8.8.4.4 --gateway 10.77.0.2 --description second cf-subnet")
    stage.cli("subnet unset --dns-nameserver 8.8.8.8 cf-subnet")
    stage.cli("subnet list --long --network cf-net")
    stage.cli("subnet create --network cf-net --subnet-range 10.77.0.128/25 cf-overlap")
    stage.cli("subnet create --network cf-net --subnet-range 10.77.0.999/24 cf-bad")
    stage.cli("subnet create --network cf-missing --subnet-range 10.78.0.0/24 cf-bad")
    stage.cli("subnet create --network cf-net --ip-version 6 --subnet-range fd00:77::/64 --ipv6-ra-mode slaac "
              "--ipv6-address-mode slaac cf-six")  # fmt: skip
    stage.cli("subnet create --network cf-loose --no-dhcp --gateway none --subnet-range 10.79.0.0/29 cf-small")
    _post(stage, "subnet of a bad CIDR", "subnet", network_id=net, ip_version=4, cidr="nonsense")
    _post(stage, "subnet of the other version", "subnet", network_id=net, ip_version=6, cidr="10.80.0.0/24")
    _post(stage, "subnet with host bits", "subnet", network_id=net, ip_version=4, cidr="10.80.0.7/24")
    _post(stage, "subnet of an unknown network", "subnet", network_id=UNKNOWN, ip_version=4, cidr="10.80.0.0/24")
    pool = {"network_id": net, "ip_version": 4, "cidr": "10.81.0.0/24"}
    _post(
        stage, "pool beyond the subnet", "subnet", **pool, allocation_pools=[{"start": "10.82.0.1", "end": "10.82.0.9"}]
    )
    _post(stage, "pool backwards", "subnet", **pool, allocation_pools=[{"start": "10.81.0.9", "end": "10.81.0.1"}])
    _post(stage, "gateway in the pool", "subnet", **pool, gateway_ip="10.81.0.5",
          allocation_pools=[{"start": "10.81.0.1", "end": "10.81.0.9"}])  # fmt: skip
    _post(stage, "bad name server", "subnet", **pool, dns_nameservers=["nonsense!"])
    _post(stage, "subnet without a version", "subnet", network_id=net, cidr="10.81.0.0/24")
    _post(stage, "subnet without a CIDR", "subnet", network_id=net, ip_version=4)


def _ports(stage: Stage) -> None:
    net = stage.member.network.find_network("cf-net").id
    loose = stage.member.network.find_network("cf-loose").id
    stage.cli("port create --network cf-net --fixed-ip ip-address=10.77.0.50 --description first cf-port")
    stage.cli("port show cf-port")
    stage.cli("port set --name cf-port --description second --allowed-address ip-address=10.77.0.200 "
              "--extra-dhcp-option name=tftp-server,value=10.77.0.3 cf-port")  # fmt: skip
    stage.cli("port show cf-port")
    stage.cli("port list --network cf-net --long")
    stage.cli("port list --fixed-ip ip-address=10.77.0.50")
    stage.cli("port create --network cf-net --fixed-ip ip-address=10.77.0.50 cf-taken")
    stage.cli("port create --network cf-net --fixed-ip ip-address=10.99.0.50 cf-outside")
    stage.cli("port create --network cf-net --disable --mac-address fa:16:3e:00:77:01 --no-security-group cf-bare")
    stage.cli("port create --network cf-net --mac-address fa:16:3e:00:77:01 cf-same-mac")
    stage.cli("port create --network cf-missing cf-bad")
    stage.cli("port create --network cf-loose cf-insecure")
    stage.cli("port delete cf-missing")
    _post(stage, "port of an unknown network", "port", network_id=UNKNOWN)
    _post(stage, "port of no network", "port", name="cf-bad")
    _post(stage, "port of a bad MAC", "port", network_id=net, mac_address="nonsense")
    _post(stage, "port of an unknown security group", "port", network_id=net, security_groups=[UNKNOWN])
    _post(stage, "port of an unknown subnet", "port", network_id=net, fixed_ips=[{"subnet_id": UNKNOWN}])
    _post(stage, "port with security where there is none", "port", network_id=net, port_security_enabled=False,
          security_groups=[stage.member.network.find_security_group("default").id])  # fmt: skip
    for number in range(5):
        _post(stage, f"small subnet fills: {number}", "port", network_id=loose)
    stage.api("port with a device owner", "POST network /v2.0/ports",
              {"port": {"network_id": net, "device_owner": "network:dhcp"}})  # fmt: skip
    stage.api("ports of an unknown field", "GET network /v2.0/ports?colour=red")


def _routers(stage: Stage) -> None:
    stage.cli("router create --description first cf-router")
    stage.cli("router add subnet cf-router cf-subnet")
    stage.cli("router add subnet cf-router cf-subnet")
    stage.cli("router set --external-gateway public cf-router")
    stage.cli("router show cf-router")
    stage.cli("router list --long")
    stage.cli("router set --route destination=10.5.0.0/16,gateway=10.77.0.7 cf-router")
    stage.cli("router add route --route destination=10.6.0.0/16,gateway=10.77.0.8 cf-router")
    stage.cli("router remove route --route destination=10.6.0.0/16,gateway=10.77.0.8 cf-router")
    stage.cli("router set --route destination=10.7.0.0/16,gateway=10.99.0.8 cf-router")
    stage.cli("router unset --route destination=10.5.0.0/16,gateway=10.77.0.7 cf-router")
    stage.cli("router delete cf-router")
    stage.cli("port list --router cf-router --long")
    stage.cli("router create cf-second")
    stage.cli("router add subnet cf-second cf-small")
    stage.cli("router set --external-gateway cf-loose cf-second")
    stage.cli("router remove subnet cf-second cf-subnet")
    router = stage.member.network.find_router("cf-router").id
    second = stage.member.network.find_router("cf-second").id
    inside = next(stage.member.network.ports(device_id=router, device_owner="network:router_interface")).id
    stage.api("port of a router is deleted", f"DELETE network /v2.0/ports/{inside}")
    stage.api("interface of nothing", f"PUT network /v2.0/routers/{second}/add_router_interface", {})
    stage.api("interface of an unknown subnet", f"PUT network /v2.0/routers/{second}/add_router_interface",
              {"subnet_id": UNKNOWN})  # fmt: skip
    subnet = stage.member.network.find_subnet("cf-subnet").id
    stage.api("interface of a gateway in use", f"PUT network /v2.0/routers/{second}/add_router_interface",
              {"subnet_id": subnet})  # fmt: skip
    stage.api("unknown router", f"GET network /v2.0/routers/{UNKNOWN}")
    stage.api("gateway of an unknown network", f"PUT network /v2.0/routers/{second}",
              {"router": {"external_gateway_info": {"network_id": UNKNOWN}}})  # fmt: skip


def _floating_ips(stage: Stage) -> None:
    made = stage.cli("floating ip create --description first public")
    address = made["floating_ip_address"]
    stage.member.network.update_ip(made["id"], description="first")
    one = f"/v2.0/floatingips/{made['id']}"
    port = stage.member.network.find_port("cf-port").id
    bare = stage.member.network.find_port("cf-insecure").id
    stage.api("floating IP to a port", f"PUT network {one}", {"floatingip": {"port_id": port}})
    stage.cli(f"floating ip show {made['id']}")
    stage.cli("floating ip list --long")
    stage.api("floating IP to an unreachable port", f"PUT network {one}", {"floatingip": {"port_id": bare}})
    stage.api("floating IP to an unknown port", f"PUT network {one}", {"floatingip": {"port_id": UNKNOWN}})
    stage.cli("floating ip create --port cf-port public")
    stage.cli("router remove subnet cf-router cf-subnet")
    stage.cli("router unset --external-gateway cf-router")
    stage.cli(f"floating ip unset --port {made['id']}")
    stage.cli(f"floating ip show {made['id']}")
    public = stage.member.network.find_network("public").id
    stage.cli("router show cf-router")
    _post(
        stage, "floating IP of a taken address", "floatingip", floating_network_id=public, floating_ip_address=address
    )
    inner = stage.member.network.find_network("cf-net").id
    _post(stage, "floating IP of an inner network", "floatingip", floating_network_id=inner)
    _post(stage, "floating IP of an unknown network", "floatingip", floating_network_id=UNKNOWN)
    _post(stage, "floating IP of no network", "floatingip")
    stage.cli(f"floating ip delete {made['id']}")
    stage.cli(f"floating ip show {made['id']}")


def _security_groups(stage: Stage) -> None:
    stage.cli("security group list")
    stage.cli("security group create --description first cf-group")
    stage.cli("security group rule create --protocol tcp --dst-port 22 --remote-ip 10.0.0.0/8 cf-group")
    stage.cli("security group rule create --protocol tcp --dst-port 22 --remote-ip 10.0.0.0/8 cf-group")
    stage.cli("security group rule create --protocol icmp --icmp-type 8 cf-group")
    stage.cli("security group rule create --ethertype IPv6 --egress --protocol udp --dst-port 53:54 cf-group")
    stage.cli("security group rule create --remote-group cf-group cf-group")
    stage.cli("security group rule create --protocol tcp --dst-port 54:53 cf-group")
    stage.cli("security group rule create --protocol nonsense cf-group")
    stage.cli("security group rule create --remote-ip nonsense cf-group")
    stage.cli("security group rule list cf-group --long")
    stage.cli("security group show cf-group")
    stage.cli("security group set --description second cf-group")
    stage.cli("port set --security-group cf-group cf-port")
    stage.cli("security group delete cf-group")
    stage.cli("security group delete default")
    stage.cli("security group create default")
    group = stage.member.network.find_security_group("cf-group").id
    _post(stage, "ports without a protocol", "security_group_rule", security_group_id=group, direction="ingress",
          port_range_min=1, port_range_max=2)  # fmt: skip
    _post(stage, "rule of an unknown group", "security_group_rule", security_group_id=UNKNOWN, direction="ingress")
    _post(stage, "rule of both remotes", "security_group_rule", security_group_id=group, direction="ingress",
          remote_ip_prefix="10.0.0.0/8", remote_group_id=group)  # fmt: skip
    _post(stage, "rule of the other version", "security_group_rule", security_group_id=group, direction="ingress",
          ethertype="IPv6", remote_ip_prefix="10.0.0.0/8")  # fmt: skip
    _post(stage, "rule of no direction", "security_group_rule", security_group_id=group)
    stage.api("unknown rule", f"DELETE network /v2.0/security-group-rules/{UNKNOWN}")


def _trunks(stage: Stage) -> None:
    stage.cli("port create --network cf-net --fixed-ip subnet=cf-subnet cf-parent")
    stage.cli("port create --network cf-net --fixed-ip subnet=cf-subnet cf-child")
    stage.cli("network trunk create --parent-port cf-parent --subport port=cf-child,segmentation-type=vlan,"
              "segmentation-id=101 cf-trunk")  # fmt: skip
    stage.cli("network trunk show cf-trunk")
    stage.cli("network trunk list --long")
    stage.cli("network trunk set --description second cf-trunk")
    stage.cli("network trunk set --subport port=cf-bare,segmentation-type=vlan,segmentation-id=101 cf-trunk")
    stage.cli("network trunk create --parent-port cf-child cf-other")
    stage.cli("port delete cf-parent")
    stage.cli("port delete cf-child")
    stage.cli("network subport list --trunk cf-trunk")
    stage.cli("network trunk unset --subport cf-child cf-trunk")
    stage.cli("network trunk delete cf-trunk")
    stage.cli("network trunk show cf-trunk")


def _pools(stage: Stage) -> None:
    stage.cli("address scope create --ip-version 4 cf-scope")
    stage.cli("address scope show cf-scope")
    stage.cli(
        "subnet pool create --pool-prefix 10.90.0.0/16 --default-prefix-length 26 --address-scope cf-scope cf-pool"
    )
    stage.cli("subnet pool show cf-pool")
    stage.cli("subnet pool list --long")
    stage.cli("subnet create --network cf-twice-none --subnet-pool cf-pool cf-bad")
    stage.cli("network create cf-pooled")
    stage.cli("subnet create --network cf-pooled --subnet-pool cf-pool cf-from-pool")
    stage.cli("subnet create --network cf-pooled --subnet-pool cf-pool --prefix-length 8 cf-too-big")
    stage.cli("subnet create --network cf-pooled --subnet-pool cf-pool --subnet-range 10.91.0.0/24 cf-elsewhere")
    stage.cli("subnet pool create --pool-prefix 10.90.128.0/17 --address-scope cf-scope cf-overlap")
    stage.cli("subnet pool set --pool-prefix 10.92.0.0/16 --description second cf-pool")
    stage.cli("subnet pool delete cf-pool")
    stage.cli("subnet delete cf-from-pool")
    stage.cli("address scope delete cf-scope")
    stage.cli("subnet pool delete cf-pool")
    stage.cli("address scope delete cf-scope")


def _sharing(stage: Stage) -> None:
    stage.cli("network rbac create --type network --action access_as_shared --target-project admin cf-net", admin=True)
    rbac = stage.cli("network rbac list --type network")
    stage.cli("network rbac create --type network --action access_as_external --target-all-projects cf-pooled")
    for each in rbac or []:
        if stage.member.network.find_network("cf-net").id == each["Object ID"]:
            stage.cli(f"network rbac show {each['ID']}")
            stage.cli(f"network rbac delete {each['ID']}")
    stage.cli("network create --share cf-shared")
    stage.cli("network qos policy create cf-policy", admin=True)
    stage.cli("network qos policy show cf-policy", admin=True)
    stage.cli("network qos rule create --type bandwidth-limit --max-kbps 1000 --egress cf-policy", admin=True)
    stage.cli("network qos rule list cf-policy", admin=True)
    stage.cli("network qos policy create cf-policy-of-mine")
    stage.cli("network qos policy delete cf-policy", admin=True)


def _limits(stage: Stage) -> None:
    project = stage.project.id
    networks = len(list(stage.member.network.networks(project_id=project)))
    stage.api("quota is set", f"PUT network /v2.0/quotas/{project}", {"quota": {"network": networks}}, admin=True)
    stage.cli("network create cf-too-many")
    stage.cli("quota show --network")
    stage.api("quota with usage", f"GET network /v2.0/quotas/{project}/details")
    stage.api("quota by a member", f"PUT network /v2.0/quotas/{project}", {"quota": {"network": 100}})
    stage.api("quota of an unknown kind", f"PUT network /v2.0/quotas/{project}", {"quota": {"colour": 1}}, admin=True)
    stage.api("quota below", f"PUT network /v2.0/quotas/{project}", {"quota": {"network": -2}}, admin=True)
    stage.api("quota is forgotten", f"DELETE network /v2.0/quotas/{project}", admin=True)


def _end(stage: Stage) -> None:
    stage.cli("subnet delete cf-subnet")
    stage.cli("network delete cf-net")
    stage.cli("router delete cf-router cf-second")
    stage.cli("port delete cf-port cf-bare cf-parent cf-child cf-insecure")
    stage.recorder.begin()
    for port in list(stage.member.network.ports(project_id=stage.project.id)):
        if not port.device_owner:
            stage.member.network.delete_port(port)
    stage.cli("security group delete cf-group")
    stage.cli("router remove subnet cf-second cf-small")
    stage.cli("router delete cf-second")
    stage.cli("subnet delete cf-subnet")
    stage.cli("network delete cf-net cf-pooled cf-loose")
    stage.cli("network delete cf-net")
