"""Reservations; see service.py."""

from hearth.localcloud.blazar.service import Blazar as SERVICE

__all__ = ["SERVICE"]
