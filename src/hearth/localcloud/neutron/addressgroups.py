"""Address groups: /v2.0/address-groups, named lists of networks for security group rules."""

from typing import Any

from hearth.localcloud.core import errors, service, state
from hearth.localcloud.neutron import checks, refusals, resource
from hearth.localcloud.neutron.resource import Field

_ADDRESSES = checks.list_of(checks.subnet)


class AddressGroups(resource.Resource):
    """Address groups."""

    singular, plural, path = "address_group", "address_groups", "/v2.0/address-groups"
    missing_kind, noun = "AddressGroupNotFound", "Address group"
    rbac_type = "address_group"
    taggable = False
    fields = (
        resource.NAME,
        resource.DESCRIPTION,
        resource.SHARED,
        Field("addresses", list, default=[], update=False, check=_ADDRESSES),
    )

    def routes(self) -> list[service.Route]:
        """The regular routes and the verbs on addresses."""
        member = self.path + "/{id}/"
        return [
            *super().routes(),
            service.Route("PUT", member + "add_addresses", self.add_addresses),
            service.Route("PUT", member + "remove_addresses", self.remove_addresses),
        ]

    def check_delete(self, call: service.Call, document: state.Document) -> None:
        """Not while a rule names it."""
        if any(rule["remote_address_group_id"] == document["id"] for rule in self.data.security_group_rules):
            raise refusals.conflict(
                "AddressGroupInUse", f"Address group {document['id']} is in use by security group rules."
            )
        super().check_delete(call, document)

    def add_addresses(self, call: service.Call) -> Any:
        """PUT …/add_addresses."""
        document = self.action(call)
        given = self._given_addresses(call)
        known = [each for each in given if each in document["addresses"]]
        if known:
            raise errors.ApiError(400, f"{known[0]} is in the group already.", kind="AddressesAlreadyExist")
        return self._stored(call, document, [*document["addresses"], *given])

    def remove_addresses(self, call: service.Call) -> Any:
        """PUT …/remove_addresses."""
        document = self.action(call)
        given = self._given_addresses(call)
        unknown = [each for each in given if each not in document["addresses"]]
        if unknown:
            raise errors.ApiError(404, f"{unknown[0]} is not in the group.", kind="AddressesNotFound")
        return self._stored(call, document, [each for each in document["addresses"] if each not in given])

    def _stored(self, call: service.Call, document: state.Document, addresses: list[str]) -> Any:
        return {self.singular: self.view(call, self.touch(document["id"], addresses=addresses))}

    def _given_addresses(self, call: service.Call) -> list[str]:
        given = call.body.get("addresses") if isinstance(call.body, dict) else None
        if not isinstance(given, list):
            raise self.refuse("The body must be an object with a list 'addresses'.")
        try:
            return list(_ADDRESSES(given))
        except ValueError as error:
            raise self.refuse(f"Invalid input for addresses. Reason: {error}.") from None
