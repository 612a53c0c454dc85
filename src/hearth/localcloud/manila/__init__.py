"""Shared file systems; see service.py."""

from hearth.localcloud.manila.service import Manila as SERVICE

__all__ = ["SERVICE"]
