"""The embedded Glance. `SERVICE` is its class; what siblings may call is on its `images` (see images.py)."""

from hearth.localcloud.glance.service import Glance

SERVICE: type[Glance] = Glance
