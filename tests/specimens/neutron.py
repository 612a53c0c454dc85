"""Specimens of the network types."""

from collections.abc import Mapping

from specimens.form import (
    INTERFACE,
    KEYSTONE,
    NET,
    PORT,
    REACHED,
    ROUTER,
    SUBNET,
    Specimen,
    neutron,
    of,
    ref,
)

FLOATING = of("OS::Neutron::FloatingIP", floating_network="public")
ROUTE = {"destination": "10.30.0.0/24", "nexthop": "10.9.0.30"}
OTHER_ROUTE = {"destination": "10.31.0.0/24", "nexthop": "10.9.0.31"}
WEB_RULE = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80, "remote_ip_prefix": "0.0.0.0/0"}
POLICY = of("OS::Neutron::QoSPolicy")
SOMEBODY, SOMEBODY_ELSE, NOBODY = (f"{digit * 32}" for digit in "123")
OF_DEVICE = of(
    "OS::Neutron::Port",
    network=ref("net"),
    fixed_ips=[{"subnet": ref("subnet")}],
    device_id="appliance",
)
PORTS = {"net": NET, "subnet": SUBNET, "port": OF_DEVICE, "other": OF_DEVICE}
PAIR = of("OS::Neutron::PortPair", ingress=ref("port"), egress=ref("other"))
SUBNET_IN_NET = of("OS::Neutron::Subnet", network=ref("net"), cidr="10.11.0.0/24")
SWITCH = {"device_name": "switch1", "interfaces": [{"name": "eth0", "segmentation_id": ["100"]}]}
BARE_SWITCH = {"device_name": "switch1", "interfaces": [{"name": "eth0"}]}
SAFE = {"auth_algorithm": "sha256", "encryption_algorithm": "aes-128"}

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Neutron::Net": Specimen(
        {"tags": ["a"], "value_specs": {"mtu": 1400}},
        changes={
            "tags": neutron("PUT", "networks/{it}/tags", {"tags": ["a", "b"]}),
            "value_specs": neutron("PUT", "networks/{it}", {"network": {"mtu": 1300}}),
        },
        # Only administrators share networks.
        unchanged=("shared",),
    ),
    "OS::Neutron::Subnet": Specimen(
        {
            "network": ref("net"),
            "cidr": "10.9.0.0/24",
            "gateway_ip": None,
            "dns_nameservers": ["10.9.0.2", "10.9.0.3"],
            "host_routes": [{"destination": "10.10.0.0/16", "nexthop": "10.9.0.9"}],
            "allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.20"}],
        },
        {"net": NET, "other": NET},
        replaces={"network": ref("other")},
        updates={"gateway_ip": "10.9.0.5", "dns_nameservers": ["10.9.0.2"], "host_routes": []},
        changes={
            "gateway_ip": neutron("PUT", "subnets/{it}", {"subnet": {"gateway_ip": "10.9.0.1"}}),
            "dns_nameservers": neutron(
                "PUT", "subnets/{it}", {"subnet": {"dns_nameservers": ["10.9.0.3", "10.9.0.2"]}}
            ),
            "host_routes": neutron("PUT", "subnets/{it}", {"subnet": {"host_routes": []}}),
            "allocation_pools": neutron(
                "PUT", "subnets/{it}", {"subnet": {"allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.30"}]}}
            ),
        },
    ),
    "OS::Neutron::Port": Specimen(
        {
            "network": ref("net"),
            "fixed_ips": [{"subnet": ref("subnet"), "ip_address": "10.9.0.77"}],
            "security_groups": [ref("group")],
            "allowed_address_pairs": [{"ip_address": "10.9.0.99"}],
        },
        {"net": NET, "subnet": SUBNET, "group": of("OS::Neutron::SecurityGroup")},
        changes={
            "fixed_ips": neutron("PUT", "ports/{it}", {"port": {"fixed_ips": [{"ip_address": "10.9.0.78"}]}}),
            "security_groups": neutron("PUT", "ports/{it}", {"port": {"security_groups": []}}),
            "allowed_address_pairs": neutron("PUT", "ports/{it}", {"port": {"allowed_address_pairs": []}}),
        },
        # Security groups need it.
        unchanged=("port_security_enabled", "no_fixed_ips", "device_id", "device_owner"),
    ),
    "OS::Neutron::Router": Specimen(
        {"external_gateway_info": {"network": "public"}, "tags": ["a"]},
        changes={
            "external_gateway_info": neutron("PUT", "routers/{it}", {"router": {"external_gateway_info": {}}}),
            "tags": neutron("PUT", "routers/{it}/tags", {"tags": []}),
        },
    ),
    "OS::Neutron::RouterGateway": Specimen(
        {"router_id": ref("router"), "network": "public"},
        {"router": of("OS::Neutron::Router")},
        removal=neutron("PUT", "routers/{router}", {"router": {"external_gateway_info": {}}}),
    ),
    "OS::Neutron::RouterInterface": Specimen(
        {"router": ref("router"), "subnet": ref("subnet")},
        {"net": NET, "subnet": SUBNET, "router": ROUTER},
        removal=neutron("PUT", "routers/{router}/remove_router_interface", {"subnet_id": "{subnet}"}),
    ),
    "OS::Neutron::ExtraRouteSet": Specimen(
        {"router": ref("router"), "routes": [ROUTE, OTHER_ROUTE]},
        {"net": NET, "subnet": SUBNET, "router": ROUTER, "interface": INTERFACE},
        changes={"routes": neutron("PUT", "routers/{router}/remove_extraroutes", {"router": {"routes": [ROUTE]}})},
        removal=neutron("PUT", "routers/{router}/remove_extraroutes", {"router": {"routes": [ROUTE, OTHER_ROUTE]}}),
    ),
    "OS::Neutron::FloatingIP": Specimen(
        {"floating_network": "public", "port_id": ref("port")},
        {**REACHED, "port": PORT},
        changes={"port_id": neutron("PUT", "floatingips/{it}", {"floatingip": {"port_id": None}})},
    ),
    "OS::Neutron::FloatingIPAssociation": Specimen(
        {"floatingip_id": ref("floating"), "port_id": ref("port")},
        {**REACHED, "port": PORT, "floating": FLOATING, "other": FLOATING},
        updates={"floatingip_id": ref("other")},
        removal=neutron("PUT", "floatingips/{floating}", {"floatingip": {"port_id": None}}),
    ),
    "OS::Neutron::SecurityGroup": Specimen(
        {"description": "mine", "rules": [WEB_RULE, {"remote_mode": "remote_group_id"}]},
        changes={
            "rules": neutron(
                "POST",
                "security-group-rules",
                {"security_group_rule": {"security_group_id": "{it}", "direction": "ingress", "protocol": "icmp"}},
            )
        },
    ),
    "OS::Neutron::SecurityGroupRule": Specimen(
        {"security_group": ref("group"), **WEB_RULE}, {"group": of("OS::Neutron::SecurityGroup")}
    ),
    "OS::Neutron::Trunk": Specimen(
        {
            "port": ref("port"),
            "sub_ports": [{"port": ref("sub"), "segmentation_type": "vlan", "segmentation_id": 101}],
            "admin_state_up": True,
            "description": "mine",
        },
        {"net": NET, "subnet": SUBNET, "port": PORT, "sub": PORT},
        changes={"sub_ports": neutron("PUT", "trunks/{it}/remove_subports", {"sub_ports": [{"port_id": "{sub}"}]})},
    ),
    "OS::Neutron::AddressScope": Specimen({"ip_version": 4}, unchanged=("shared",)),
    "OS::Neutron::SubnetPool": Specimen(
        {
            "prefixes": ["10.8.0.0/16"],
            "address_scope": ref("scope"),
            "min_prefixlen": 20,
            "default_prefixlen": 24,
            "max_prefixlen": 28,
            "tags": ["a"],
        },
        {"scope": of("OS::Neutron::AddressScope")},
        updates={"prefixes": ["10.8.0.0/15"], "address_scope": None, "tags": ["a", "b"]},
        replaces={"shared": True, "address_scope": None},
        user="admin",
    ),
    "OS::Neutron::QoSPolicy": Specimen({"description": "mine"}, user="admin"),
    "OS::Neutron::QoSBandwidthLimitRule": Specimen(
        {"policy": ref("policy"), "max_kbps": 1000},
        {"policy": POLICY, "other": POLICY},
        replaces={"policy": ref("other")},
        user="admin",
    ),
    "OS::Neutron::QoSDscpMarkingRule": Specimen(
        {"policy": ref("policy"), "dscp_mark": 8},
        {"policy": POLICY, "other": POLICY},
        replaces={"policy": ref("other")},
        user="admin",
    ),
    "OS::Neutron::QoSMinimumBandwidthRule": Specimen(
        {"policy": ref("policy"), "min_kbps": 1000},
        {"policy": POLICY, "other": POLICY},
        replaces={"policy": ref("other")},
        user="admin",
    ),
    "OS::Neutron::QoSMinimumPacketRateRule": Specimen(
        {"policy": ref("policy"), "min_kpps": 10},
        {"policy": POLICY, "other": POLICY},
        replaces={"policy": ref("other")},
        user="admin",
    ),
    "OS::Neutron::RBACPolicy": Specimen(
        {"object_type": "network", "object_id": ref("net"), "action": "access_as_shared", "target_tenant": SOMEBODY},
        {"net": of("OS::Neutron::Net", name="opened"), "other": NET},
        updates={"target_tenant": SOMEBODY_ELSE},
        unchanged=("target_tenant",),
        replaces={"object_id": ref("other")},
        changes={"target_tenant": neutron("PUT", "rbac-policies/{it}", {"rbac_policy": {"target_tenant": NOBODY}})},
    ),
    "OS::Neutron::Segment": Specimen(
        {"network": ref("net"), "network_type": "vxlan", "segmentation_id": 77, "description": "mine"},
        {"net": NET},
        replaces={"segmentation_id": 78},
        user="admin",
    ),
    "OS::Neutron::MeteringLabel": Specimen({"description": "mine"}, user="admin"),
    "OS::Neutron::MeteringRule": Specimen(
        {"metering_label_id": ref("label"), "remote_ip_prefix": "10.0.0.0/8"},
        {"label": of("OS::Neutron::MeteringLabel")},
        replaces={"remote_ip_prefix": "172.16.0.0/12"},
        user="admin",
    ),
    "OS::Neutron::ProviderNet": Specimen(
        {"network_type": "vlan", "physical_network": "physnet1", "segmentation_id": 101, "tags": ["a"]},
        updates={"tags": []},
        unchanged=("network_type", "physical_network", "segmentation_id"),
        changes={"tags": neutron("PUT", "networks/{it}/tags", {"tags": ["a", "b"]})},
        user="admin",
    ),
    "OS::Neutron::FloatingIPPortForward": Specimen(
        {
            "floating_ip": ref("floating"),
            "external_port": 8080,
            "internal_port": ref("port"),
            "internal_ip_address": {"get_attr": ["port", "fixed_ips", 0, "ip_address"]},
            "internal_port_number": 80,
            "protocol": "tcp",
        },
        {**REACHED, "port": PORT, "floating": FLOATING, "other": FLOATING},
        unchanged=("internal_ip_address", "protocol"),
        updates={"protocol": "udp"},
        replaces={"floating_ip": ref("other")},
        removal=neutron("DELETE", "floatingips/{floating}/port_forwardings/{it}"),
    ),
    "OS::Neutron::Quota": Specimen(
        {"project": ref("project"), "network": 7, "port": 70},
        {"project": KEYSTONE["project"]},
        changes={"network": neutron("PUT", "quotas/{project}", {"quota": {"network": 8}})},
        removal=neutron("DELETE", "quotas/{project}"),
        user="admin",
    ),
    "OS::Neutron::ExtraRoute": Specimen(
        {"router_id": ref("router"), **ROUTE},
        {"net": NET, "subnet": SUBNET, "router": ROUTER, "interface": INTERFACE},
        replaces=OTHER_ROUTE,
        removal=neutron("PUT", "routers/{router}/remove_extraroutes", {"router": {"routes": [ROUTE]}}),
    ),
    "OS::Neutron::IKEPolicy": Specimen(
        {"lifetime": {"units": "seconds", "value": 7200}, **SAFE},
        updates={
            "lifetime": {"units": "seconds", "value": 9000},
            "auth_algorithm": "sha512",
            "encryption_algorithm": "aes-256",
        },
        # Late releases of the service have no sha1 and no 3des, which the derived changes would take.
        unchanged=("auth_algorithm", "encryption_algorithm"),
        changes={"lifetime": neutron("PUT", "vpn/ikepolicies/{it}", {"ikepolicy": {"lifetime": {"value": 60}}})},
    ),
    "OS::Neutron::IPsecPolicy": Specimen(
        {"lifetime": {"value": 7200}, "description": "mine", **SAFE}, replaces={"lifetime": {"value": 9000}}
    ),
    "OS::Neutron::VPNService": Specimen(
        {"router": ref("router"), "subnet": ref("subnet"), "description": "mine"},
        {
            **REACHED,
            "other": SUBNET_IN_NET,
            "other_interface": of("OS::Neutron::RouterInterface", router=ref("router"), subnet=ref("other")),
        },
        replaces={"subnet": ref("other")},
    ),
    "OS::Neutron::IPsecSiteConnection": Specimen(
        {
            "vpnservice_id": ref("service"),
            "ikepolicy_id": ref("ike"),
            "ipsecpolicy_id": ref("ipsec"),
            "peer_address": "203.0.113.9",
            "peer_id": "203.0.113.9",
            "peer_cidrs": ["10.77.0.0/24"],
            "psk": "secret",
            "dpd": {"actions": "restart", "interval": 60, "timeout": 180},
        },
        {
            **REACHED,
            "service": of("OS::Neutron::VPNService", router=ref("router"), subnet=ref("subnet")),
            "ike": of("OS::Neutron::IKEPolicy", **SAFE),
            "ipsec": of("OS::Neutron::IPsecPolicy", **SAFE),
        },
        replaces={"peer_cidrs": ["10.78.0.0/24"]},
    ),
    "OS::Neutron::FirewallRule": Specimen(
        {"protocol": "tcp", "destination_port": "80", "source_ip_address": "10.0.0.0/8", "ip_version": "4"},
        unchanged=("protocol", "ip_version"),
        updates={"source_ip_address": "10.1.0.0/16", "protocol": "udp"},
        changes={"protocol": neutron("PUT", "fw/firewall_rules/{it}", {"firewall_rule": {"protocol": "udp"}})},
    ),
    "OS::Neutron::FirewallPolicy": Specimen(
        {"firewall_rules": [ref("one"), ref("two")]},
        {"one": of("OS::Neutron::FirewallRule"), "two": of("OS::Neutron::FirewallRule")},
        updates={"firewall_rules": [ref("two")]},
        changes={
            "firewall_rules": neutron(
                "PUT", "fw/firewall_policies/{it}", {"firewall_policy": {"firewall_rules": ["{two}", "{one}"]}}
            )
        },
    ),
    "OS::Neutron::Firewall": Specimen(
        {"firewall_policy_id": ref("policy"), "description": "mine"},
        {"policy": of("OS::Neutron::FirewallPolicy"), "other": of("OS::Neutron::FirewallPolicy")},
        updates={"firewall_policy_id": ref("other")},
        changes={
            "firewall_policy_id": neutron("PUT", "fw/firewalls/{it}", {"firewall": {"firewall_policy_id": "{other}"}})
        },
    ),
    "OS::Neutron::PortPair": Specimen(
        {"ingress": ref("port"), "egress": ref("port"), "description": "mine"},
        PORTS,
        replaces={"egress": ref("other")},
        user="admin",
    ),
    "OS::Neutron::PortPairGroup": Specimen(
        {"port_pairs": [ref("pair")]},
        {**PORTS, "pair": PAIR},
        updates={"port_pairs": []},
        changes={"port_pairs": neutron("PUT", "sfc/port_pair_groups/{it}", {"port_pair_group": {"port_pairs": []}})},
        user="admin",
    ),
    "OS::Neutron::FlowClassifier": Specimen(
        {
            "protocol": "tcp",
            "source_ip_prefix": "10.0.0.0/8",
            "destination_port_range_min": 80,
            "destination_port_range_max": 90,
            "logical_source_port": ref("port"),
        },
        {"net": NET, "subnet": SUBNET, "port": OF_DEVICE},
        replaces={"destination_port_range_min": 91, "destination_port_range_max": 99},
        user="admin",
    ),
    "OS::Neutron::PortChain": Specimen(
        {"port_pair_groups": [ref("group")], "flow_classifiers": [ref("flow")]},
        {
            **PORTS,
            "pair": PAIR,
            "group": of("OS::Neutron::PortPairGroup", port_pairs=[ref("pair")]),
            "flow": of("OS::Neutron::FlowClassifier", logical_source_port=ref("port")),
        },
        updates={"flow_classifiers": []},
        replaces={"chain_parameters": {"correlation": "nsh"}},
        changes={"flow_classifiers": neutron("PUT", "sfc/port_chains/{it}", {"port_chain": {"flow_classifiers": []}})},
        user="admin",
    ),
    "OS::Neutron::TaaS::TapService": Specimen(
        {"port": ref("port"), "name": "mine"},
        PORTS,
        replaces={"port": ref("other")},
        user="admin",
    ),
    "OS::Neutron::TaaS::TapFlow": Specimen(
        {"port": ref("port"), "tap_service": ref("service"), "vlan_filter": "1-5,9", "name": "mine"},
        {**PORTS, "service": of("OS::Neutron::TaaS::TapService", port=ref("other"))},
        replaces={"direction": "IN"},
        user="admin",
    ),
    "OS::Neutron::L2Gateway": Specimen(
        {"name": "mine", "devices": [SWITCH]},
        updates={"devices": [{**SWITCH, "device_name": "switch2"}]},
        changes={
            "devices": neutron("PUT", "l2-gateways/{it}", {"l2_gateway": {"devices": [{**SWITCH, "device_name": "x"}]}})
        },
        user="admin",
    ),
    "OS::Neutron::L2GatewayConnection": Specimen(
        {"l2_gateway_id": ref("gateway"), "network_id": ref("net"), "segmentation_id": "100"},
        {"net": NET, "gateway": of("OS::Neutron::L2Gateway", name="mine", devices=[BARE_SWITCH])},
        replaces={"segmentation_id": "101"},
        user="admin",
    ),
    "OS::Neutron::NetworkGateway": Specimen(
        {
            "devices": [{"id": "device", "interface_name": "eth1"}],
            "connections": [{"network": ref("net"), "segmentation_type": "vlan", "segmentation_id": 10}],
        },
        {"net": NET, "other": NET},
        updates={"connections": [{"network": ref("other")}], "devices": [{"id": "device", "interface_name": "eth2"}]},
        changes={
            "connections": neutron(
                "PUT",
                "network-gateways/{it}/disconnect_network",
                {"network_id": "{net}", "segmentation_type": "vlan", "segmentation_id": 10},
            )
        },
    ),
}
