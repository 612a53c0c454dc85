"""Workflows; see service.py."""

from hearth.localcloud.mistral.service import Mistral as SERVICE

__all__ = ["SERVICE"]
