"""Bare metal; see service.py."""

from hearth.localcloud.ironic.service import Ironic as SERVICE

__all__ = ["SERVICE"]
