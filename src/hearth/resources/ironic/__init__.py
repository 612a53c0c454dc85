"""Types of bare metal."""

from hearth.resources.ironic import port

TYPES = (port.Port,)
