"""Specimens of the bare metal types."""

from collections.abc import Mapping

from specimens.form import Specimen

#: A node that the embedded cloud has.
NODE = "metal"

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Ironic::Port": Specimen(
        {
            "node": NODE,
            "address": "52:54:00:00:00:01",
            "extra": {"rack": "one"},
            "physical_network": "physnet1",
            "pxe_enabled": True,
        },
        updates={"address": "52:54:00:00:00:02", "extra": {"rack": "two"}, "pxe_enabled": False},
        unchanged=("address",),
        user="admin",
    ),
}
