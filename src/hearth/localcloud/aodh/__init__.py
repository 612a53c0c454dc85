"""Alarms, and the metrics that they look at; see service.py and metrics.py."""

from hearth.localcloud.aodh.metrics import Gnocchi as METRICS
from hearth.localcloud.aodh.service import Aodh as SERVICE

__all__ = ["METRICS", "SERVICE"]
