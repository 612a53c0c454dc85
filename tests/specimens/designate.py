"""Specimens of the DNS types."""

from collections.abc import Mapping

from specimens.form import Request, Specimen, of, ref

ZONE = of("OS::Designate::Zone", name="specimen.example.org.", email="someone@example.org")


def dns(method: str, path: str, **body: object) -> Request:
    return Request("dns", method, f"/v2/{path}", body)


SPECIMENS: Mapping[str, Specimen] = {
    "OS::Designate::Zone": Specimen(
        {"name": "specimen.example.org.", "email": "someone@example.org", "ttl": 600},
        changes={
            "ttl": dns("PATCH", "zones/{it}", ttl=900),
            "email": dns("PATCH", "zones/{it}", email="a@example.org"),
        },
        updates={"email": "other@example.org"},
        replaces={"name": "other.example.org."},
    ),
    "OS::Designate::RecordSet": Specimen(
        {"zone": ref("zone"), "name": "www", "type": "A", "records": ["10.0.0.1"], "description": "mine"},
        {"zone": ZONE},
        updates={"records": ["10.0.0.2", "10.0.0.3"]},
        changes={"records": dns("PUT", "zones/{zone}/recordsets/{it}", records=["10.0.0.9"])},
        replaces={"type": "AAAA", "records": ["2001:db8::1"]},
    ),
}
