"""Specimens of the compute types."""

from collections.abc import Mapping

from specimens.form import (
    FLAVOR,
    IMAGE,
    KEY,
    KEYSTONE,
    NET,
    REACHED,
    SERVER,
    SUBNET,
    Specimen,
    neutron,
    nova,
    of,
    ref,
)

FLOATING = of("OS::Neutron::FloatingIP", floating_network="public")

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Nova::Server": Specimen(
        {
            "image": IMAGE,
            "flavor": FLAVOR,
            "networks": [{"network": ref("net")}],
            "metadata": {"role": "web", "count": 3},
            "tags": ["a"],
            "user_data": "#!/bin/sh",
            "user_data_format": "RAW",
        },
        {"net": NET, "subnet": SUBNET},
        unchanged=("user_data",),
        changes={
            "metadata": nova("POST", "/servers/{it}/metadata", {"metadata": {"role": "db"}}),
            "tags": nova("PUT", "/servers/{it}/tags", {"tags": []}, "2.26"),
            "networks": nova("POST", "/servers/{it}/os-interface", {"interfaceAttachment": {"net_id": "{net}"}}),
        },
    ),
    "OS::Nova::KeyPair": Specimen({"name": "specimen", "public_key": KEY}),
    "OS::Nova::Flavor": Specimen(
        {"ram": 64, "vcpus": 1, "extra_specs": {"hw:pinned": True}},
        changes={
            "extra_specs": nova("POST", "/flavors/{it}/os-extra_specs", {"extra_specs": {"hw:pinned": "False"}}),
        },
        user="admin",
    ),
    "OS::Nova::ServerGroup": Specimen(),
    "OS::Nova::HostAggregate": Specimen(
        {"name": "specimen", "availability_zone": "here", "metadata": {"disk": "fast"}},
        changes={
            "metadata": nova("POST", "/os-aggregates/{it}/action", {"set_metadata": {"metadata": {"disk": "slow"}}}),
        },
        user="admin",
    ),
    "OS::Nova::Quota": Specimen(
        {"project": ref("project"), "cores": 7, "ram": 1000},
        {"project": KEYSTONE["project"]},
        changes={"cores": nova("PUT", "/os-quota-sets/{project}", {"quota_set": {"cores": 8}})},
        removal=nova("DELETE", "/os-quota-sets/{project}"),
        user="admin",
    ),
    "OS::Nova::FloatingIP": Specimen(removal=neutron("DELETE", "floatingips/{it}")),
    "OS::Nova::FloatingIPAssociation": Specimen(
        {"server_id": ref("server"), "floating_ip": ref("floating")},
        {**REACHED, "server": SERVER, "floating": FLOATING, "other": FLOATING},
        updates={"floating_ip": ref("other")},
        removal=neutron("PUT", "floatingips/{floating}", {"floatingip": {"port_id": None}}),
    ),
}
