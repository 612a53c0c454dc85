"""Types of the block storage service."""

from hearth.resources.cinder import (
    encrypted_volume_type,
    qos_association,
    qos_specs,
    quota,
    volume,
    volume_attachment,
    volume_type,
)

TYPES = (
    encrypted_volume_type.EncryptedVolumeType,
    qos_association.QoSAssociation,
    qos_specs.QoSSpecs,
    quota.Quota,
    volume.Volume,
    volume_attachment.VolumeAttachment,
    volume_type.VolumeType,
)
