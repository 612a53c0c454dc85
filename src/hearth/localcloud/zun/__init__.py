"""Containers; see service.py."""

from hearth.localcloud.zun.service import Zun as SERVICE

__all__ = ["SERVICE"]
