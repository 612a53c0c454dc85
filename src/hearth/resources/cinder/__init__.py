"""Types of the block storage service."""

from hearth.resources.cinder import volume, volume_attachment

TYPES = (
    volume.Volume,
    volume_attachment.VolumeAttachment,
)
