"""Where subnets come from: /v2.0/subnetpools and /v2.0/address-scopes."""

from typing import Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.neutron import checks, ipam, prefixes, refusals, resource
from hearth.localcloud.neutron.resource import Field, read_only

#: IP version -> smallest and largest prefix length that a pool gives by default.
_LENGTHS = {4: (8, 32), 6: (64, 128)}
_PREFIXES = checks.list_of(checks.subnet)


class AddressScopes(resource.Resource):
    """/v2.0/address-scopes."""

    singular, plural, path = "address_scope", "address_scopes", "/v2.0/address-scopes"
    missing_kind, noun = "AddressScopeNotFound", "Address scope"
    rbac_type = "address_scope"
    taggable = stamped = False
    fields = (
        resource.NAME,
        Field("ip_version", int, required=True, update=False, check=checks.one_of(4, 6)),
        resource.SHARED,
    )

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No pools left."""
        if self.data.subnetpools.select(address_scope_id=document["id"]):
            raise refusals.conflict("AddressScopeInUse", f"Address scope {document['id']} still has subnet pools.")
        super().check_delete(call, document)


class SubnetPools(resource.Resource):
    """/v2.0/subnetpools."""

    singular, plural, path = "subnetpool", "subnetpools", "/v2.0/subnetpools"
    missing_kind, noun = "SubnetPoolNotFound", "Subnet pool"
    rbac_type = counted_as = "subnetpool"
    index = ("project_id", "address_scope_id")
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.SHARED,
        Field("prefixes", list, required=True, check=_PREFIXES),
        read_only("ip_version", int),
        Field("default_prefixlen", int, nullable=True),
        Field("min_prefixlen", int, nullable=True),
        Field("max_prefixlen", int, nullable=True),
        Field("default_quota", int, nullable=True, check=checks.between(0, 2**31 - 1)),
        Field("address_scope_id", str, nullable=True, check=checks.uuid),
        Field("is_default", bool, default=False, admin=True),
    )

    def routes(self) -> list[service.Route]:
        """The regular routes and the verbs on prefixes."""
        member = self.path + "/{id}/"
        return [
            *super().routes(),
            service.Route("PUT", member + "add_prefixes", self.add_prefixes),
            service.Route("PUT", member + "remove_prefixes", self.remove_prefixes),
            service.Route("PUT", member + "onboard_network_subnets", self.onboard),
        ]

    def prepare(self, call: service.Call, document: state.Document) -> None:
        """Merge the prefixes and fill in the lengths."""
        document["prefixes"] = _merged(document["prefixes"])
        version = document["ip_version"] = ipam.network(document["prefixes"][0]).version
        low, high = _LENGTHS[version]
        for name, default in (("min_prefixlen", low), ("max_prefixlen", high)):
            document[name] = default if document[name] is None else document[name]
        if document["default_prefixlen"] is None:
            document["default_prefixlen"] = document["min_prefixlen"]
        _check_lengths(document)
        self._check_scope(call, document)
        self._check_default(document)

    def change(self, call: service.Call, document: state.Document, changes: state.Document) -> None:
        """Prefixes only grow here; `remove_prefixes` takes away."""
        if "prefixes" in changes:
            changes["prefixes"] = _merged(changes["prefixes"])
            lost = [each for each in document["prefixes"] if not prefixes.covers(changes["prefixes"], each)]
            if lost:
                raise errors.ApiError(
                    400, f"Prefix {lost[0]} would get lost; use remove_prefixes.", kind="IllegalSubnetPoolPrefixUpdate"
                )
        for name in ("default_prefixlen", "min_prefixlen", "max_prefixlen"):
            if changes.get(name, 0) is None:
                raise self.refuse(f"Invalid input for {name}. Reason: it must be a number.")
        after = {**document, **changes}
        _check_lengths(after)
        if "address_scope_id" in changes or "prefixes" in changes:
            self._check_scope(call, after)
        if changes.get("is_default"):
            self._check_default(after)

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """No subnets left."""
        if self.data.subnets.select(subnetpool_id=document["id"]):
            raise errors.ApiError(
                400, f"Subnet pool {document['id']} still has subnets; delete them first.", kind="SubnetPoolDeleteError"
            )
        super().check_delete(call, document)

    def view(self, call: service.Call, document: state.Document) -> state.Document:
        """Prefix lengths are text on the wire, but for the answer to a change, which has no quota either."""
        shown = super().view(call, document)
        if call.method == "PUT":
            del shown["default_quota"]
            return shown
        for name in ("default_prefixlen", "min_prefixlen", "max_prefixlen"):
            shown[name] = str(shown[name])
        return shown

    def add_prefixes(self, call: service.Call) -> Any:
        """PUT …/add_prefixes."""
        document = self.action(call)
        merged = _merged([*document["prefixes"], *self._given_prefixes(call)])
        return {"prefixes": self.modify(call, document, {"prefixes": merged})["prefixes"]}

    def remove_prefixes(self, call: service.Call) -> Any:
        """PUT …/remove_prefixes."""
        document = self.action(call)
        gone = self._given_prefixes(call)
        taken = [subnet["cidr"] for subnet in self.data.subnets.select(subnetpool_id=document["id"])]
        used = prefixes.overlaps(gone, taken)
        if used:
            raise errors.ApiError(
                400, f"Prefix {used[0]} holds subnet {used[1]}.", kind="IllegalSubnetPoolPrefixUpdate"
            )
        try:
            left = prefixes.without(document["prefixes"], gone)
        except ValueError as error:
            raise errors.ApiError(400, f"{error}.", kind="IllegalSubnetPoolPrefixUpdate") from None
        return {"prefixes": self.touch(document["id"], prefixes=left)["prefixes"]}

    def onboard(self, call: service.Call) -> Any:
        """PUT …/onboard_network_subnets: take a network's subnets into the pool."""
        document = self.action(call)
        network_id = call.body.get("network_id") if isinstance(call.body, dict) else None
        network = self.data.networks.get(network_id) if isinstance(network_id, str) else None
        if network is None or not call.identity.sees(network["project_id"]):
            raise refusals.missing("NetworkNotFound", "Network", str(network_id))
        nets = [
            each
            for each in self.data.subnets.select(network_id=network["id"])
            if each["ip_version"] == document["ip_version"]
        ]
        merged = _merged([*document["prefixes"], *(each["cidr"] for each in nets)])
        self.modify(call, document, {"prefixes": merged})
        for each in nets:
            self.data.subnets.update(each["id"], subnetpool_id=document["id"])
        return [{"id": each["id"], "cidr": each["cidr"]} for each in nets]

    def _given_prefixes(self, call: service.Call) -> list[str]:
        given = call.body.get("prefixes") if isinstance(call.body, dict) else None
        if not isinstance(given, list):
            raise self.refuse("The body must be an object with a list 'prefixes'.")
        result: list[str] = self.checked(call, {"prefixes": given}, creating=False)["prefixes"]
        return result

    def _check_scope(self, call: service.Call, document: state.Document) -> None:
        scope_id = document["address_scope_id"]
        if scope_id is None:
            return
        scope = self.data.address_scopes.get(scope_id)
        identity = call.identity
        if scope is None or not (
            identity.sees(scope["project_id"]) or self.data.granted(scope_id, identity.project_id)
        ):
            raise refusals.missing("AddressScopeNotFound", "Address scope", scope_id)
        if document.get("shared") and not self.data.granted(scope_id, "*"):
            raise refusals.invalid(f"Not every project has the address scope {scope_id}, so the pool cannot be shared.")
        if scope["ip_version"] != document["ip_version"]:
            raise errors.ApiError(
                400,
                f"Address scope {scope_id} is of IPv{scope['ip_version']}, the pool of IPv{document['ip_version']}.",
                kind="IllegalSubnetPoolIpVersionAssociation",
            )
        for other in self.table.select(address_scope_id=scope_id):
            if other["id"] != document["id"] and prefixes.overlaps(other["prefixes"], document["prefixes"]):
                raise refusals.conflict(
                    "AddressScopePrefixConflict",
                    f"Subnet pool {other['id']} of the same address scope {scope_id} has some of the prefixes.",
                )

    def _check_default(self, document: state.Document) -> None:
        if document["is_default"]:
            for other in self.table:
                same = other["is_default"] and other["ip_version"] == document["ip_version"]
                if same and other["id"] != document["id"]:
                    raise refusals.invalid(
                        f"Subnet pool {other['id']} is the default of IPv{other['ip_version']} already."
                    )


def _merged(given: list[str]) -> list[str]:
    if not given:
        raise errors.ApiError(400, "A subnet pool needs a prefix.", kind="EmptySubnetPoolPrefixList")
    try:
        return prefixes.compact(given)
    except ValueError as error:
        raise errors.ApiError(400, f"{error}.", kind="PrefixVersionMismatch") from None


def _check_lengths(document: state.Document) -> None:
    low, default, high = (int(document[f"{name}_prefixlen"]) for name in ("min", "default", "max"))
    largest = _LENGTHS[document["ip_version"]][1]
    if not 0 <= low <= default <= high <= largest:
        raise errors.ApiError(
            400,
            f"min_prefixlen {low}, default_prefixlen {default} and max_prefixlen {high} must not fall, nor go beyond "
            f"{largest}.",
            kind="IllegalSubnetPoolPrefixBounds",
        )
