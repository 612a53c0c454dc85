"""Specimens of the load balancing types."""

from collections.abc import Mapping

from specimens.form import NET, SUBNET, Request, Specimen, of, ref

BALANCER = of("OS::Octavia::LoadBalancer", vip_subnet=ref("subnet"))
LISTENER = of("OS::Octavia::Listener", loadbalancer=ref("balancer"), protocol="HTTP", protocol_port=80)
POOL = of("OS::Octavia::Pool", listener=ref("listener"), protocol="HTTP", lb_algorithm="ROUND_ROBIN")
POLICY = of("OS::Octavia::L7Policy", listener=ref("listener"), action="REJECT")
REACHED = {"net": NET, "subnet": SUBNET, "balancer": BALANCER}
LISTENED = {**REACHED, "listener": LISTENER}
POOLED = {**LISTENED, "pool": POOL}
FLAVOR_PROFILE = of(
    "OS::Octavia::FlavorProfile", provider_name="amphora", flavor_data='{"loadbalancer_topology": "SINGLE"}'
)
ZONE_PROFILE = of("OS::Octavia::AvailabilityZoneProfile", provider_name="amphora", availability_zone_data="{}")

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Octavia::LoadBalancer": Specimen(
        {"vip_subnet": ref("subnet"), "vip_address": "10.9.0.50"},
        {"net": NET, "subnet": SUBNET},
        replaces={"vip_address": "10.9.0.51"},
    ),
    "OS::Octavia::Listener": Specimen(
        {"loadbalancer": ref("balancer"), "protocol": "HTTP", "protocol_port": 80, "allowed_cidrs": ["10.0.0.0/8"]},
        REACHED,
        updates={"allowed_cidrs": ["10.0.0.0/8", "192.168.0.0/16"]},
        replaces={"protocol": "TCP"},
    ),
    "OS::Octavia::Pool": Specimen(
        {
            "listener": ref("listener"),
            "protocol": "HTTP",
            "lb_algorithm": "ROUND_ROBIN",
            "session_persistence": {"type": "HTTP_COOKIE"},
        },
        LISTENED,
        updates={"session_persistence": {"type": "APP_COOKIE", "cookie_name": "session"}},
        replaces={"protocol": "PROXY"},
    ),
    "OS::Octavia::PoolMember": Specimen(
        {"pool": ref("pool"), "address": "10.9.0.20", "protocol_port": 8080, "subnet": ref("subnet"), "tags": ["a"]},
        POOLED,
        updates={"tags": ["b"], "weight": 5},
        replaces={"monitor_port": 8081},
    ),
    "OS::Octavia::HealthMonitor": Specimen(
        {"pool": ref("pool"), "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2, "url_path": "/health"},
        POOLED,
        updates={"url_path": "/alive"},
        unchanged=("url_path",),
        replaces={"type": "HTTPS"},
    ),
    "OS::Octavia::L7Policy": Specimen(
        {
            "listener": ref("listener"),
            "action": "REDIRECT_TO_POOL",
            "redirect_pool": ref("pool"),
            "description": "mine",
        },
        {**POOLED, "other": {**LISTENER, "properties": {**LISTENER["properties"], "protocol_port": 81}}},
        unchanged=("action",),
        replaces={"listener": ref("other")},
    ),
    "OS::Octavia::L7Rule": Specimen(
        {"l7policy": ref("l7policy"), "type": "PATH", "compare_type": "STARTS_WITH", "value": "/admin"},
        {**LISTENED, "l7policy": POLICY, "other": POLICY},
        unchanged=("type",),
        replaces={"l7policy": ref("other")},
    ),
    "OS::Octavia::FlavorProfile": Specimen(
        {"provider_name": "amphora", "flavor_data": '{"loadbalancer_topology": "SINGLE"}'},
        updates={"flavor_data": '{"loadbalancer_topology": "ACTIVE_STANDBY"}'},
        unchanged=("provider_name",),
        user="admin",
    ),
    "OS::Octavia::Flavor": Specimen(
        {"flavor_profile": ref("profile")},
        {"profile": FLAVOR_PROFILE, "other": FLAVOR_PROFILE},
        replaces={"flavor_profile": ref("other")},
        user="admin",
    ),
    "OS::Octavia::AvailabilityZoneProfile": Specimen(
        {"provider_name": "amphora", "availability_zone_data": '{"compute_zone": "one"}'},
        updates={"availability_zone_data": '{"compute_zone": "two"}'},
        unchanged=("provider_name",),
        user="admin",
    ),
    "OS::Octavia::AvailabilityZone": Specimen(
        {"availability_zone_profile": ref("profile")},
        {"profile": ZONE_PROFILE},
        unchanged=("name",),
        replaces={"name": "elsewhere"},
        user="admin",
    ),
    "OS::Octavia::Quota": Specimen(
        {"project": ref("project"), "listener": 5, "pool": 6},
        {"project": of("OS::Keystone::Project"), "other": of("OS::Keystone::Project")},
        replaces={"project": ref("other")},
        changes={"listener": Request("load-balancer", "PUT", "/v2/lbaas/quotas/{it}", {"quota": {"listener": 8}})},
        unchanged=("pool",),
        user="admin",
    ),
}
