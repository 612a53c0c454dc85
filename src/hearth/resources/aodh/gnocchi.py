"""The alarms about measures that Gnocchi keeps: of one resource, of several metrics, of all resources of a query.

Spec: https://docs.openstack.org/aodh/latest/webapi/v2.html
"""

from hearth.resources import base
from hearth.resources.aodh import alarm
from hearth.resources.schema import Property


class Gnocchi(alarm.Lasting):
    """What is made of the measures is stated by name, as the service has it."""

    aggregation_method = Property(str, "What is made of the measures of a period.", updatable=True)
    granularity = Property(int, "Seconds of a period.", updatable=True)


@base.resource("OS::Aodh::GnocchiResourcesAlarm", since="2015.1")
class ResourcesAlarm(Gnocchi):
    """An alarm about a metric of one resource."""

    kind, rule_field = "gnocchi_resources_threshold", "gnocchi_resources_threshold_rule"

    metric = Property(str, "Name of the metric.", required=True, updatable=True)
    resource_id = Property(str, "The resource.", required=True, updatable=True)
    resource_type = Property(str, "Type of the resource.", required=True, updatable=True)


@base.resource("OS::Aodh::GnocchiAggregationByMetricsAlarm", since="2015.1")
class MetricsAlarm(Gnocchi):
    """An alarm about several metrics taken together."""

    kind = "gnocchi_aggregation_by_metrics_threshold"
    rule_field = "gnocchi_aggregation_by_metrics_threshold_rule"

    metrics = Property(list, "Ids of the metrics.", required=True, updatable=True)


@base.resource("OS::Aodh::GnocchiAggregationByResourcesAlarm", since="2015.1")
class QueryAlarm(Gnocchi):
    """An alarm about a metric of several resources taken together."""

    kind = "gnocchi_aggregation_by_resources_threshold"
    rule_field = "gnocchi_aggregation_by_resources_threshold_rule"

    metric = Property(str, "Name of the metric.", required=True, updatable=True)
    query = Property(str, "Which resources, as JSON.", required=True, updatable=True)
    resource_type = Property(str, "Type of the resources.", required=True, updatable=True)
