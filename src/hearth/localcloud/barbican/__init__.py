"""The embedded Barbican. `SERVICE` is its class."""

from hearth.localcloud.barbican.service import Barbican

SERVICE: type[Barbican] = Barbican
