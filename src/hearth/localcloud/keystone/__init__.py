"""The embedded Keystone. `SERVICE` is its class; siblings need only `Cloud.authenticate`, which it sets."""

from hearth.localcloud.keystone.service import Keystone

SERVICE: type[Keystone] = Keystone
