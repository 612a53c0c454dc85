"""Types of the shared file systems."""

from hearth.resources.manila import security_service, share, share_network, share_type

TYPES = (
    share.Share,
    share_network.ShareNetwork,
    share_type.ShareType,
    security_service.SecurityService,
)
