"""Specimens of the types of reservations."""

from collections.abc import Mapping

from specimens.form import Request, Specimen

SERVERS = {
    "resource_type": "virtual:instance",
    "vcpus": 1,
    "memory_mb": 512,
    "disk_gb": 1,
    "amount": 2,
    "affinity": False,
}

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Blazar::Lease": Specimen(
        {
            "name": "specimen",
            "start_date": "2999-01-01 10:00",
            "end_date": "2999-01-02 10:00",
            "reservations": [SERVERS, {"resource_type": "physical:host", "min": 1, "max": 2}],
        },
        replaces={"name": "another"},
        changes={"name": Request("reservation", "PUT", "/v1/leases/{it}", {"name": "other"})},
    ),
    "OS::Blazar::Host": Specimen(
        {"name": "compute-1", "extra_capability": {"gpu": "yes"}},
        changes={"extra_capability": Request("reservation", "PUT", "/v1/os-hosts/{it}", {"gpu": "no"})},
        user="admin",
    ),
}
