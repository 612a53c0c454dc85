"""Load balancing; see service.py."""

from hearth.localcloud.octavia.service import Octavia as SERVICE

__all__ = ["SERVICE"]
