"""Specimens of the types of container clusters."""

from collections.abc import Mapping
from typing import Any

from specimens.form import FLAVOR, IMAGE, Specimen, of, ref

PROPERTIES: dict[str, Any] = {
    "coe": "kubernetes",
    "image": IMAGE,
    "flavor": FLAVOR,
    "external_network": "public",
    "labels": {"kube_tag": "v1.30"},
}
TEMPLATE = of("OS::Magnum::ClusterTemplate", **PROPERTIES)

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Magnum::ClusterTemplate": Specimen(PROPERTIES, replaces={"docker_volume_size": 5}, user="admin"),
    "OS::Magnum::BayModel": Specimen(PROPERTIES, replaces={"docker_volume_size": 5}, user="admin"),
    "OS::Magnum::Cluster": Specimen(
        {"cluster_template": ref("template"), "node_count": 2},
        {"template": TEMPLATE, "other": TEMPLATE},
        replaces={"cluster_template": ref("other")},
    ),
}
