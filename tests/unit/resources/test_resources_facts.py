"""Every declaration against the published facts of its type; what may differ stands here with the reason."""

import json
from pathlib import Path

import pytest

from hearth.resources import describing, registry, verify

FACTS = Path(__file__).parents[2] / "facts" / "resource_types"
TYPES = registry.TypeRegistry()

NAMES = "the service takes ids only, so a name is translated here as in all other places"

OURSELVES = "the service it needs is the one that makes it"

ALLOWED: dict[str, dict[str, str]] = {
    "OS::Cinder::Volume": {
        "backup_id is translated by cinder.backup: not published": NAMES,
        "image is translated by glance.image: not published": NAMES,
        "snapshot_id is translated by cinder.snapshot: not published": NAMES,
        "source_volid is translated by cinder.volume: not published": NAMES,
    },
    "OS::Cinder::VolumeAttachment": {"volume_id is translated by cinder.volume: not published": NAMES},
    "OS::Neutron::FloatingIP": {"port_id is translated by neutron.port: not published": NAMES},
    "OS::Neutron::FloatingIPAssociation": {"port_id is translated by neutron.port: not published": NAMES},
    "OS::Neutron::Port": {
        "qos_policy is translated by neutron.qos_policy: not published": NAMES,
        "security_groups is translated by neutron.security_group: not published": NAMES,
    },
    "OS::Neutron::RouterGateway": {"router_id is translated by neutron.router: not published": NAMES},
    "OS::Neutron::SecurityGroup": {
        "rules.remote_group_id is translated by neutron.security_group: not published": NAMES
    },
    **{
        f"OS::Heat::{name}": {"has a service: declared False, published True": OURSELVES}
        for name in (
            "CloudConfig",
            "MultipartMime",
            "SoftwareComponent",
            "SoftwareConfig",
            "SoftwareDeployment",
            "StructuredConfig",
            "StructuredDeployment",
        )
    },
    "OS::Nova::Server": {
        "block_device_mapping.snapshot_id is translated by cinder.snapshot: not published": NAMES,
        "block_device_mapping.volume_id is translated by cinder.volume: not published": NAMES,
        "block_device_mapping_v2.snapshot_id is translated by cinder.snapshot: not published": NAMES,
        "block_device_mapping_v2.volume_id is translated by cinder.volume: not published": NAMES,
        "networks.port_extra_properties.qos_policy is translated by neutron.qos_policy: not published": NAMES,
        "security_groups is translated by neutron.security_group: not published": NAMES,
    },
}


@pytest.mark.parametrize("name", TYPES.names())
def test_declaration_says_what_is_published(name: str) -> None:
    facts = json.loads((FACTS / f"{name.replace('::', '__')}.json").read_text())
    found = set(verify.differences(TYPES.get(name), facts))
    allowed = set(ALLOWED.get(name, {}))
    assert sorted(found - allowed) == []
    assert sorted(allowed - found) == [], "these differences are gone; take them off the list"


def test_a_type_answers_by_the_name_that_was_asked_for() -> None:
    alias = "OS::Quantum::Net"
    kind = TYPES.get(alias)
    assert describing.schema_to_wire(kind, alias)["resource_type"] == alias
    assert describing.template_of(kind, alias, "hot")["resources"]["Net"]["type"] == alias
    assert describing.template_of(kind, alias, "cfn")["Resources"]["Net"]["Type"] == alias
