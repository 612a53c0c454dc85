"""Specimens of the types of the key manager."""

from collections.abc import Mapping
from typing import Any

from specimens.form import Request, Specimen, of, ref

SECRET = of("OS::Barbican::Secret", payload="hidden", payload_content_type="text/plain")
KEYS: dict[str, Any] = {"public": SECRET, "private": SECRET}


def gone(plural: str) -> Request:
    return Request("key-manager", "DELETE", f"/v1/{plural}/{{it}}")


SPECIMENS: Mapping[str, Specimen] = {
    "OS::Barbican::Secret": Specimen(
        {
            "payload": "aGlkZGVu",
            "payload_content_type": "application/octet-stream",
            "payload_content_encoding": "base64",
            "algorithm": "aes",
            "bit_length": 256,
            "mode": "cbc",
            "expiration": "2999-12-31T12:00:00Z",
        },
        removal=gone("secrets"),
    ),
    "OS::Barbican::Order": Specimen(
        {"type": "key", "algorithm": "aes", "bit_length": 256, "mode": "cbc"},
        replaces={"bit_length": 128},
        removal=gone("orders"),
    ),
    "OS::Barbican::GenericContainer": Specimen(
        {"secrets": [{"name": "one", "ref": ref("public")}]},
        {"public": SECRET},
        removal=gone("containers"),
    ),
    "OS::Barbican::RSAContainer": Specimen(
        {"public_key_ref": ref("public"), "private_key_ref": ref("private")},
        KEYS,
        removal=gone("containers"),
    ),
    "OS::Barbican::CertificateContainer": Specimen(
        {"certificate_ref": ref("public"), "private_key_ref": ref("private")},
        KEYS,
        removal=gone("containers"),
    ),
}
