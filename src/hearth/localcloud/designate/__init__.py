"""DNS; see service.py."""

from hearth.localcloud.designate.service import Designate as SERVICE

__all__ = ["SERVICE"]
