"""Types of the DNS service."""

from hearth.resources.designate import record_set, zone

TYPES = (zone.Zone, record_set.RecordSet)
