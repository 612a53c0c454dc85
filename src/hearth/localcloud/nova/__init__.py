"""The compute service (nova) of the embedded cloud: `SERVICE` builds it."""

from hearth.localcloud.nova.service import Nova

SERVICE = Nova
