"""Metering labels and their rules: /v2.0/metering/…. Kept and checked; nothing is counted."""

from hearth.localcloud.core import quota, service, state
from hearth.localcloud.neutron import checks, prefixes, refusals, resource, tables
from hearth.localcloud.neutron.resource import Field

_PREFIXES = ("remote_ip_prefix", "source_ip_prefix", "destination_ip_prefix")


class Labels(resource.Resource):
    """/v2.0/metering/metering-labels."""

    singular, plural, path = "metering_label", "metering_labels", "/v2.0/metering/metering-labels"
    missing_kind, noun = "MeteringLabelNotFound", "Metering label"
    taggable = stamped = False
    admin_writes = True
    fields = (resource.NAME, resource.DESCRIPTION, Field("shared", bool, default=False))

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Its rules go too."""
        for rule in self.data.metering_label_rules.select(metering_label_id=document["id"]):
            self.data.metering_label_rules.delete(rule["id"])


class Rules(resource.Resource):
    """/v2.0/metering/metering-label-rules."""

    singular, plural, path = "metering_label_rule", "metering_label_rules", "/v2.0/metering/metering-label-rules"
    missing_kind, noun = "MeteringLabelRuleNotFound", "Metering label rule"
    taggable = stamped = False
    admin_writes = True
    index = ("metering_label_id",)
    hidden = frozenset({"project_id", "tenant_id"})
    fields = (
        Field("metering_label_id", str, required=True, update=False, check=checks.uuid),
        Field("direction", str, default="ingress", update=False, check=checks.one_of("ingress", "egress")),
        *(Field(name, str, nullable=True, update=False, check=checks.cidr) for name in _PREFIXES),
        Field("excluded", bool, default=False, update=False),
    )

    def __init__(self, owner: service.Service, data: tables.Tables, quotas: quota.Quotas, labels: Labels) -> None:
        super().__init__(owner, data, quotas)
        self._labels = labels

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Rules of one label and direction do not overlap."""
        label = self._labels.find(call, document["metering_label_id"])
        given = [document[name] for name in _PREFIXES if document[name]]
        if not given:
            raise refusals.bad_request(f"A metering rule needs one of {', '.join(_PREFIXES)}.")
        for other in self.table.select(metering_label_id=label["id"]):
            remote = document["remote_ip_prefix"], other["remote_ip_prefix"]
            if (
                other["direction"] == document["direction"]
                and all(remote)
                and prefixes.overlaps(remote[:1], remote[1:])
            ):
                raise refusals.conflict(
                    "MeteringLabelRuleOverlaps", f"Metering rule {other['id']} overlaps {remote[0]}."
                )
