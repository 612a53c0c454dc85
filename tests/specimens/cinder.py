"""Specimens of the block storage types."""

from collections.abc import Mapping

from specimens.form import (
    KEYSTONE,
    NET,
    SERVER,
    SUBNET,
    VOLUME,
    Request,
    Specimen,
    nova,
    of,
    ref,
)

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Cinder::EncryptedVolumeType": Specimen(
        {"volume_type": "__DEFAULT__", "provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256},
        changes={
            name: Request("volume", "PUT", "/types/{it}/encryption/provider", {"encryption": {name: value}})
            for name, value in {
                "provider": "plain",
                "cipher": "aes-cbc-essiv",
                "key_size": 512,
                "control_location": "back-end",
            }.items()
        },
        removal=Request("volume", "DELETE", "/types/{it}/encryption/provider"),
        user="admin",
    ),
    "OS::Cinder::Volume": Specimen(
        {"size": 1, "metadata": {"role": "web"}, "read_only": True},
        updates={"size": 2},
        # Sizes change by an action; whether several may attach it is said by its type.
        unchanged=("size", "multiattach"),
        changes={
            "metadata": Request("volume", "PUT", "/volumes/{it}/metadata", {"metadata": {"role": "db"}}),
            "read_only": Request(
                "volume", "POST", "/volumes/{it}/action", {"os-update_readonly_flag": {"readonly": False}}
            ),
        },
    ),
    "OS::Cinder::VolumeAttachment": Specimen(
        {"instance_uuid": ref("server"), "volume_id": ref("volume")},
        {"net": NET, "subnet": SUBNET, "server": SERVER, "volume": VOLUME, "other": VOLUME},
        updates={"volume_id": ref("other")},
        unchanged=("instance_uuid",),
        removal=nova("DELETE", "/servers/{server}/os-volume_attachments/{volume}"),
    ),
    "OS::Cinder::Quota": Specimen(
        {"project": ref("project"), "volumes": 7, "snapshots": -1},
        {"project": KEYSTONE["project"]},
        changes={"volumes": Request("volume", "PUT", "/os-quota-sets/{project}", {"quota_set": {"volumes": 8}})},
        removal=Request("volume", "DELETE", "/os-quota-sets/{project}"),
        user="admin",
    ),
    "OS::Cinder::QoSSpecs": Specimen(
        {"specs": {"consumer": "front-end", "total_iops_sec": 500}},
        changes={"specs": Request("volume", "PUT", "/qos-specs/{it}", {"qos_specs": {"total_iops_sec": "600"}})},
        user="admin",
    ),
    "OS::Cinder::QoSAssociation": Specimen(
        {"qos_specs": ref("specs"), "volume_types": [ref("one"), ref("two")]},
        {
            "specs": of("OS::Cinder::QoSSpecs", specs={"total_iops_sec": 500}),
            "one": of("OS::Cinder::VolumeType", name="one"),
            "two": of("OS::Cinder::VolumeType", name="two"),
        },
        changes={"volume_types": Request("volume", "GET", "/qos-specs/{specs}/disassociate?vol_type_id={one}")},
        removal=Request("volume", "GET", "/qos-specs/{specs}/disassociate_all"),
        user="admin",
    ),
    "OS::Cinder::VolumeType": Specimen(
        {"name": "specimen", "description": "mine", "is_public": False, "projects": ["demo"], "metadata": {"a": True}},
        unchanged=("is_public",),
        changes={
            "name": Request("volume", "PUT", "/types/{it}", {"volume_type": {"name": "other"}}),
            "description": Request("volume", "PUT", "/types/{it}", {"volume_type": {"description": "other"}}),
            "is_public": Request("volume", "PUT", "/types/{it}", {"volume_type": {"is_public": True}}),
            "metadata": Request("volume", "POST", "/types/{it}/extra_specs", {"extra_specs": {"a": "False"}}),
        },
        user="admin",
    ),
}
