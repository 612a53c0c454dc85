"""How much may a project have? Limits per project and service, checked against the service's own count."""

from collections.abc import Callable, Mapping

from hearth.localcloud.core import cloud, errors, state

#: Status and kind with which each service refuses what goes beyond the quota.
_REFUSALS = {"nova": (403, "forbidden"), "neutron": (409, "OverQuota"), "cinder": (413, "overLimit")}


class Quotas:
    """The limits of one service. A limit of -1 is none.

    `usage(project, resource)` says how many of a resource the project has now.
    """

    def __init__(
        self,
        owner: cloud.Cloud,
        service: str,
        defaults: Mapping[str, int],
        usage: Callable[[str, str], int],
    ) -> None:
        self._cloud = owner
        self._service = service
        self._usage = usage
        self._table: state.Table = owner.state.table(f"{service}.quotas")
        self.defaults: Mapping[str, int] = dict(defaults)

    def limits(self, project: str) -> dict[str, int]:
        """Every limit of a project, the defaults filled in."""
        saved = self._table.get(project)
        return {**self.defaults, **(saved["limits"] if saved else {})}

    def set(self, project: str, **limits: int) -> dict[str, int]:
        """Set some limits of a project; returns all. Raises ApiError 400 for unknown resources and limits below -1."""
        for resource, limit in limits.items():
            if resource not in self.defaults:
                raise errors.ApiError(400, f"There is no quota for {resource!r}.")
            if limit < -1:
                raise errors.ApiError(400, f"Quota limit {limit} for {resource} must be -1 or greater.")
        saved = self._table.get(project)
        if saved is None:
            self._table.insert({"id": project, "limits": limits})
        else:
            self._table.update(project, limits={**saved["limits"], **limits})
        return self.limits(project)

    def reset(self, project: str) -> None:
        """Give a project the defaults again."""
        if project in self._table:
            self._table.delete(project)

    def used(self, project: str, resource: str) -> int:
        """How many of a resource the project has."""
        return self._usage(project, resource)

    def check(self, project: str, resource: str, wanted: int = 1) -> None:
        """Refuse when `wanted` more of a resource would be beyond the limit. Raises ApiError in the service's way."""
        limit = self.limits(project)[resource]
        if limit < 0 or wanted <= 0 or not self._cloud.settings.enforce_quotas:
            return
        used = self._usage(project, resource)
        if used + wanted > limit:
            status, kind = _REFUSALS.get(self._service, (403, "forbidden"))
            raise errors.ApiError(
                status,
                f"Quota exceeded for {resource}: requested {wanted}, {used} of {limit} already used.",
                kind=kind,
                # Only limits of cinder's kind say when to come again.
                headers={"Retry-After": "0"} if status == 413 else {},
            )
