"""Specimens of the types of containers."""

from collections.abc import Mapping

from specimens.form import NET, SUBNET, Request, Specimen, of, ref

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Zun::Container": Specimen(
        {
            "image": "cirros",
            "command": "sh -c 'sleep 100'",
            "cpu": 1,
            "memory": 256,
            "environment": {"COLOUR": "red"},
            "labels": {"role": "web"},
            "restart_policy": "on-failure:3",
            "networks": [{"network": ref("net")}],
        },
        {"net": NET, "subnet": SUBNET, "other": of("OS::Neutron::Net")},
        updates={"cpu": 2, "memory": 512, "networks": [{"network": ref("other")}]},
        changes={"memory": Request("container", "PATCH", "/v1/containers/{it}", {"memory": "128"})},
        replaces={"command": "sleep 200"},
    ),
}
