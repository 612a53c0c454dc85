"""The admin API of the embedded cloud itself: faults, clock, settings, reset. `SERVICE` is its class."""

from hearth.localcloud.admin.service import Admin

SERVICE: type[Admin] = Admin
