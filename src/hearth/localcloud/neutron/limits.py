"""Quotas of the network service: /v2.0/quotas. There are no limits until an administrator sets them."""

from typing import Any

from hearth.localcloud.core import cloud, errors, quota, service, state
from hearth.localcloud.neutron import refusals, tables

_UNLIMITED = -1
#: Routes of a router have a limit from the start.
_ROUTES = 30


class Limits:
    """The quotas and their routes."""

    def __init__(self, owner: cloud.Cloud, data: tables.Tables) -> None:
        self._counted: dict[str, state.Table] = {
            "network": data.networks,
            "subnet": data.subnets,
            "subnetpool": data.subnetpools,
            "port": data.ports,
            "router": data.routers,
            "floatingip": data.floatingips,
            "rbac_policy": data.rbac_policies,
            "security_group": data.security_groups,
            "security_group_rule": data.security_group_rules,
            "trunk": data.trunks,
        }
        defaults = {**dict.fromkeys(self._counted, _UNLIMITED), "router_route": _ROUTES}
        self.quotas = quota.Quotas(owner, "neutron", defaults, self._used)
        self._saved = owner.state.table("neutron.quotas")

    def routes(self) -> list[service.Route]:
        """List, show, defaults, details, set, reset."""
        member = "/v2.0/quotas/{project_id}"
        return [
            service.Route("GET", "/v2.0/quotas", self.listing),
            service.Route("GET", member, self.show),
            service.Route("GET", member + "/default", self.default),
            service.Route("GET", member + "/details", self.details),
            service.Route("PUT", member, self.update),
            service.Route("DELETE", member, self.delete),
        ]

    def listing(self, call: service.Call) -> Any:
        """The projects whose limits were set."""
        if not call.identity.is_admin:
            raise refusals.denied("list quotas")
        return {
            "quotas": [
                {**self.quotas.limits(each["id"]), "project_id": each["id"], "tenant_id": each["id"]}
                for each in self._saved
            ]
        }

    def show(self, call: service.Call) -> Any:
        """One project's limits."""
        return {"quota": self.quotas.limits(self._project(call))}

    def default(self, call: service.Call) -> Any:
        """The limits of a project for which none were set."""
        self._project(call)
        return {"quota": dict(self.quotas.defaults)}

    def details(self, call: service.Call) -> Any:
        """Limits and what is used of them."""
        project = self._project(call)
        limits = self.quotas.limits(project)
        return {
            "quota": {
                name: {"limit": limit, "used": self._used(project, name), "reserved": 0}
                for name, limit in limits.items()
            }
        }

    def update(self, call: service.Call) -> Any:
        """Set some limits. Those below what is in use are refused, unless `force` is given."""
        if not call.identity.is_admin:
            raise refusals.denied("change quotas")
        given = call.body.get("quota") if isinstance(call.body, dict) else None
        if not isinstance(given, dict):
            raise refusals.bad_body("The request body must hold an object 'quota'.")
        project = call.params["project_id"]
        wanted = {
            name: value
            for name, value in given.items()
            if name not in ("force", "check_limit", "tenant_id", "project_id")
        }
        for name, value in wanted.items():
            if name not in self.quotas.defaults:
                raise refusals.bad_body(f"Unrecognized attribute(s) '{name}'")
            number = _number(name, value)
            used = self._used(project, name)
            if not given.get("force") and 0 <= number < used:
                raise refusals.bad_body(f"Quota limit {number} for {name} is below the {used} in use.")
            wanted[name] = number
        return {"quota": self.quotas.set(project, **wanted)}

    def delete(self, call: service.Call) -> Any:
        """Back to the defaults."""
        if not call.identity.is_admin:
            raise refusals.denied("change quotas")
        project = call.params["project_id"]
        if project not in self._saved:
            raise errors.ApiError(404, f"No quota was set for project {project}.", kind="TenantQuotaNotFound")
        self.quotas.reset(project)
        return service.Reply(204)

    def _project(self, call: service.Call) -> str:
        project = call.params["project_id"]
        if not call.identity.sees(project):
            raise refusals.denied(f"see the quotas of project {project}")
        return project

    def _used(self, project: str, resource: str) -> int:
        table = self._counted.get(resource)
        return 0 if table is None else len(table.select(project_id=project))


def _number(name: str, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.removeprefix("-").isdecimal() or not -1 <= int(text) < 2**31:
        raise refusals.bad_body(f"Quota {name}: {value!r} is not a whole number from -1 (no limit) up.")
    return int(text)
