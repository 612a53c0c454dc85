"""Specimens of the database types."""

from collections.abc import Mapping
from typing import Any

from specimens.form import FLAVOR, NET, SUBNET, Request, Specimen, ref

USER = {"name": "someone", "password": "secret1", "host": "%", "databases": ["first"]}
SERVER: dict[str, Any] = {"flavor": FLAVOR, "volume_size": 1}

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Trove::Instance": Specimen(
        {
            "flavor": FLAVOR,
            "size": 1,
            "datastore_type": "mysql",
            "datastore_version": "8.0",
            "databases": [{"name": "first"}],
            "users": [USER],
            "networks": [{"network": ref("net")}],
        },
        {"net": NET, "subnet": SUBNET},
        updates={
            "size": 2,
            "flavor": "m1.small",
            "databases": [{"name": "first"}, {"name": "second"}],
            "users": [{**USER, "name": "another"}],
        },
        changes={
            "databases": Request("database", "POST", "/instances/{it}/databases", {"databases": [{"name": "third"}]}),
            "name": Request("database", "PATCH", "/instances/{it}", {"instance": {"name": "changed"}}),
        },
        unchanged=("name",),
        replaces={"datastore_version": "5.7"},
    ),
    "OS::Trove::Cluster": Specimen(
        {"datastore_type": "mysql", "datastore_version": "8.0", "instances": [SERVER, SERVER]},
        replaces={"datastore_version": "5.7"},
    ),
}
