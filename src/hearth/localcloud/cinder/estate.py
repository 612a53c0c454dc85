"""What cinder tells about itself: limits, quotas, zones, services, pools, extensions."""

from typing import Any

from hearth.localcloud.cinder import book, refusals, rules, times
from hearth.localcloud.core import service
from hearth.localcloud.core.service import Reply, Route

#: Resources counted per volume type too, by the name "volumes_<type>".
_PER_TYPE = ("volumes", "gigabytes", "snapshots")
_EXTENSIONS = (
    ("backups", "Backups", "Backups of volumes."),
    ("encryption", "VolumeTypeEncryption", "Encryption settings of volume types."),
    ("os-admin-actions", "AdminActions", "Actions for administrators."),
    ("os-availability-zone", "AvailabilityZones", "Availability zones."),
    ("os-extended-snapshot-attributes", "ExtendedSnapshotAttributes", "More fields of snapshots."),
    ("os-quota-sets", "Quotas", "Quotas of projects."),
    ("os-services", "Services", "Services and their state."),
    ("os-types-extra-specs", "TypesExtraSpecs", "Extra specs of volume types."),
    ("os-types-manage", "TypesManage", "Management of volume types."),
    ("os-used-limits", "UsedLimits", "What of the limits is used."),
    ("os-vol-host-attr", "VolumeHostAttribute", "The host of a volume."),
    ("os-vol-image-meta", "VolumeImageMetadata", "Metadata of the image a volume was made from."),
    ("os-vol-mig-status-attr", "VolumeMigStatusAttribute", "The migration status of a volume."),
    ("os-vol-tenant-attr", "VolumeTenantAttribute", "The project of a volume."),
    ("os-volume-actions", "VolumeActions", "Actions on volumes."),
    ("os-volume-encryption-metadata", "VolumeEncryptionMetadata", "Encryption metadata of a volume."),
    ("os-volume-transfer", "VolumeTransfer", "Volumes that change their project."),
    ("os-volume-type-access", "VolumeTypeAccess", "Who may use a private volume type."),
    ("qos-specs", "QosSpecs", "QoS specs of volume types."),
    ("scheduler-stats", "SchedulerStats", "Pools as the scheduler sees them."),
)


class Estate:
    """The small read-mostly parts of the API."""

    def __init__(self, records: book.Book) -> None:
        self._book = records

    def routes(self) -> list[Route]:
        """Routes below /v3/{project_id}."""
        quota = "/os-quota-sets/{target}"
        return [
            Route("GET", "/limits", self.limits),
            Route("GET", quota, self.quota),
            Route("GET", quota + "/defaults", self.default_quota),
            Route("PUT", quota, self.set_quota),
            Route("DELETE", quota, self.reset_quota),
            Route("GET", "/os-quota-class-sets/{target}", self.quota_class),
            Route("GET", "/os-availability-zone", self.zones),
            Route("GET", "/os-services", self.services),
            Route("GET", "/os-hosts", self.hosts),
            Route("GET", "/scheduler-stats/get_pools", self.pools),
            Route("GET", "/extensions", self.extensions),
            Route("GET", "/groups", lambda call: {"groups": []}),
            Route("GET", "/groups/detail", lambda call: {"groups": []}),
            Route("GET", "/group_types", lambda call: {"group_types": []}),
            Route("GET", "/messages", lambda call: {"messages": []}),
            Route("GET", "/clusters", lambda call: {"clusters": []}),
            Route("GET", "/default-types", lambda call: {"default_types": []}),
        ]

    def limits(self, call: service.Call) -> Any:
        """GET /limits."""
        project = call.identity.project_id
        if call.identity.is_admin:
            project = call.query.get("project_id", call.query.get("tenant_id", project))
        limits = self._book.quotas.limits(project)
        used = {name: self._book.used(project, name) for name in limits}
        absolute = {
            "maxTotalVolumes": limits["volumes"],
            "maxTotalSnapshots": limits["snapshots"],
            "maxTotalVolumeGigabytes": limits["gigabytes"],
            "maxTotalBackups": limits["backups"],
            "maxTotalBackupGigabytes": limits["backup_gigabytes"],
            "totalVolumesUsed": used["volumes"],
            "totalGigabytesUsed": used["gigabytes"],
            "totalSnapshotsUsed": used["snapshots"],
            "totalBackupsUsed": used["backups"],
            "totalBackupGigabytesUsed": used["backup_gigabytes"],
        }
        return {"limits": {"rate": [], "absolute": absolute}}

    def quota(self, call: service.Call) -> Any:
        """GET /os-quota-sets/{project}; ?usage=True tells what is used too."""
        target = self._target(call, "show")
        limits = self._with_types(self._book.quotas.limits(target))
        if not rules.truth(call.query.get("usage", "false")):
            return {"quota_set": {**limits, "id": target}}
        usage = {
            name: {"limit": limit, "in_use": self._book.used(target, name), "reserved": 0}
            for name, limit in limits.items()
        }
        return {"quota_set": {**usage, "id": target}}

    def default_quota(self, call: service.Call) -> Any:
        """GET /os-quota-sets/{project}/defaults."""
        return {"quota_set": {**self._with_types(self._book.quotas.defaults), "id": call.params["target"]}}

    def quota_class(self, call: service.Call) -> Any:
        """GET /os-quota-class-sets/{name}."""
        refusals.admin_only(call, "volume_extension:quota_classes:get")
        return {"quota_class_set": {**self._with_types(self._book.quotas.defaults), "id": call.params["target"]}}

    def set_quota(self, call: service.Call) -> Any:
        """PUT /os-quota-sets/{project}."""
        refusals.admin_only(call, "volume_extension:quotas:update")
        known = {name: rules.integer(-1) for name in self._book.quotas.defaults}
        wanted = rules.read(call.body, "quota_set", rules.Shape(known, open=True))
        changes = {name: int(value) for name, value in wanted.items() if name in known}
        return {"quota_set": self._with_types(self._book.quotas.set(call.params["target"], **changes))}

    def reset_quota(self, call: service.Call) -> Reply:
        """DELETE /os-quota-sets/{project}."""
        refusals.admin_only(call, "volume_extension:quotas:delete")
        self._book.quotas.reset(call.params["target"])
        return Reply(200)

    def zones(self, call: service.Call) -> Any:
        """GET /os-availability-zone."""
        return {"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}}]}

    def services(self, call: service.Call) -> Any:
        """GET /os-services."""
        refusals.admin_only(call, "volume_extension:services:index")
        rows = []
        for binary, host in (
            ("cinder-backup", book.HOST),
            ("cinder-scheduler", book.HOST),
            ("cinder-volume", f"{book.HOST}@hearth"),
        ):
            row: dict[str, Any] = {
                "binary": binary,
                "host": host,
                "zone": "nova",
                "status": "enabled",
                "state": "up",
                "updated_at": times.stamp(self._book.now()),
                "cluster": None,
                "disabled_reason": None,
            }
            if binary == "cinder-volume":
                row |= {
                    "backend_state": "up",
                    "replication_status": "disabled",
                    "active_backend_id": None,
                    "frozen": False,
                }
            rows.append(row)
        wanted = call.query.get("binary")
        return {"services": [row for row in rows if wanted in (None, row["binary"])]}

    def hosts(self, call: service.Call) -> Any:
        """GET /os-hosts."""
        refusals.admin_only(call, "volume_extension:hosts")
        row = {
            "host_name": f"{book.HOST}@hearth",
            "service": "cinder-volume",
            "zone": "nova",
            "service-status": "available",
            "service-state": "enabled",
            "last-update": times.stamp(self._book.now()),
        }
        return {"hosts": [row]}

    def pools(self, call: service.Call) -> Any:
        """GET /scheduler-stats/get_pools."""
        refusals.admin_only(call, "scheduler_extension:scheduler_stats:get_pools")
        pool: dict[str, Any] = {"name": f"{book.HOST}@hearth#hearth"}
        if rules.truth(call.query.get("detail", "false")):
            pool["capabilities"] = {
                "pool_name": "hearth",
                "total_capacity_gb": "infinite",
                "free_capacity_gb": "infinite",
                "reserved_percentage": 0,
                "multiattach": True,
                "thin_provisioning_support": True,
                "thick_provisioning_support": False,
                "allocated_capacity_gb": sum(volume["size"] for volume in self._book.volumes),
                "volume_backend_name": "hearth",
                "storage_protocol": "local",
                "vendor_name": "hearth",
                "driver_version": "1.0",
                "timestamp": times.stamp(self._book.now()),
            }
        return {"pools": [pool]}

    def extensions(self, call: service.Call) -> Any:
        """GET /extensions."""
        rows = [
            {"alias": alias, "name": name, "description": text, "updated": "2026-01-01T00:00:00+00:00", "links": []}
            for alias, name, text in _EXTENSIONS
        ]
        return {"extensions": rows}

    def _target(self, call: service.Call, verb: str) -> str:
        target = call.params["target"]
        if target != call.identity.project_id:
            refusals.admin_only(call, f"volume_extension:quotas:{verb}")
        return target

    def _with_types(self, limits: Any) -> dict[str, int]:
        per_type = {f"{name}_{each['name']}": -1 for each in self._book.types for name in _PER_TYPE}
        return {**limits, **per_type}
