"""Container clusters; see service.py."""

from hearth.localcloud.magnum.service import Magnum as SERVICE

__all__ = ["SERVICE"]
