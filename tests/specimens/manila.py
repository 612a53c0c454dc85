"""Specimens of the types of shared file systems."""

from collections.abc import Mapping

from specimens.form import NET, SUBNET, Request, Specimen, of, ref


def share(method: str, path: str, body: object) -> Request:
    return Request("sharev2", method, path, body, microversion="2.7")


RULE = {"access_type": "ip", "access_to": "10.0.0.0/8", "access_level": "ro"}
ALLOWED = {"allow_access": {"access_type": "ip", "access_to": "192.168.0.0/16"}}

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Manila::Share": Specimen(
        {
            "share_protocol": "NFS",
            "size": 1,
            "share_type": "default",
            "description": "mine",
            "metadata": {"role": "web"},
            "access_rules": [RULE],
        },
        updates={"access_rules": [{**RULE, "access_level": "rw"}], "metadata": {"role": "db"}},
        changes={
            "name": share("PUT", "/shares/{it}", {"share": {"display_name": "changed"}}),
            "description": share("PUT", "/shares/{it}", {"share": {"display_description": "changed"}}),
            "metadata": share("PUT", "/shares/{it}/metadata", {"metadata": {"role": "changed"}}),
            "access_rules": share("POST", "/shares/{it}/action", ALLOWED),
        },
        # Only administrators show one to all projects.
        unchanged=("is_public",),
        replaces={"size": 2},
    ),
    "OS::Manila::ShareType": Specimen(
        {"name": "specimen", "driver_handles_share_servers": False, "extra_specs": {"colour": "red"}},
        updates={"extra_specs": {"shape": "round"}},
        changes={"extra_specs": share("POST", "/types/{it}/extra_specs", {"extra_specs": {"colour": "blue"}})},
        replaces={"name": "specimen", "driver_handles_share_servers": True},
        user="admin",
    ),
    "OS::Manila::ShareNetwork": Specimen(
        {
            "neutron_network": ref("net"),
            "neutron_subnet": ref("subnet"),
            "description": "mine",
            "security_services": [ref("one")],
        },
        {
            "net": NET,
            "subnet": SUBNET,
            "one": of("OS::Manila::SecurityService", type="ldap"),
            "two": of("OS::Manila::SecurityService", type="kerberos"),
        },
        updates={"security_services": [ref("two")]},
        changes={
            "security_services": share(
                "POST", "/share-networks/{it}/action", {"add_security_service": {"security_service_id": "{two}"}}
            )
        },
    ),
    "OS::Manila::SecurityService": Specimen(
        {"type": "ldap", "description": "mine", "server": "10.0.0.1", "user": "someone", "password": "secret"},
        unchanged=("password",),
        replaces={"type": "kerberos"},
    ),
}
