"""Types of reservations."""

from hearth.resources.blazar import host, lease

TYPES = (lease.Lease, host.Host)
