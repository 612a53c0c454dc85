"""Databases; see service.py."""

from hearth.localcloud.trove.service import Trove as SERVICE

__all__ = ["SERVICE"]
