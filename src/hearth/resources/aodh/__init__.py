"""Types of the alarming service."""

from hearth.resources.aodh import gnocchi, others, threshold

TYPES = (
    threshold.ThresholdAlarm,
    gnocchi.ResourcesAlarm,
    gnocchi.MetricsAlarm,
    gnocchi.QueryAlarm,
    others.EventAlarm,
    others.CompositeAlarm,
    others.MemberHealthAlarm,
    others.PrometheusAlarm,
)
