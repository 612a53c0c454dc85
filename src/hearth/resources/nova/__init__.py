"""Types of the compute service."""

from hearth.resources.nova import flavor, keypair, server, server_group

TYPES = (
    flavor.Flavor,
    keypair.KeyPair,
    server.Server,
    server_group.ServerGroup,
)
