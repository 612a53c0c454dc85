"""The embedded Zaqar. `SERVICE` is its class."""

from hearth.localcloud.zaqar.service import Zaqar

SERVICE: type[Zaqar] = Zaqar
