"""Types of the compute service."""

from hearth.resources.nova import flavor, floating_ip, host_aggregate, keypair, quota, server, server_group

TYPES = (
    flavor.Flavor,
    floating_ip.FloatingIP,
    floating_ip.FloatingIPAssociation,
    host_aggregate.HostAggregate,
    keypair.KeyPair,
    quota.Quota,
    server.Server,
    server_group.ServerGroup,
)
