"""Templates that Heat made for groups, as Hearth's groups make them: the same members, other outputs. Pure."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from hearth.engine import definitions
from hearth.resources import contract, nested

#: Types whose nested template is the user's, not theirs.
_FOREIGN: Final = frozenset({"AWS::CloudFormation::Stack"})
_RESOURCE_GROUP: Final = "OS::Heat::ResourceGroup"
_REMOVED: Final = "removed_rsrc_list"
#: Where Heat keeps the names of members that are not to be used again.
_BLACKLIST: Final = "name_blacklist"


def as_made_here(
    kind: contract.Resource | None, material: definitions.Material, data: Mapping[str, str]
) -> definitions.Material:
    """The definition of a nested stack, whose owner has the type `kind` and keeps `data`.

    Heat reads what members have by outputs that it writes into the template; here members are read themselves.
    """
    own = kind is None or isinstance(kind, nested.TemplateResource) or kind.type_name in _FOREIGN
    if kind is None or own or not isinstance(material.template, Mapping):
        return material
    template = {key: one for key, one in material.template.items() if key not in ("outputs", "Outputs")}
    if kind.type_name == _RESOURCE_GROUP:
        removed = [one for one in data.get(_BLACKLIST, "").split(",") if one]
        template["outputs"] = {_REMOVED: {"value": sorted(removed, key=lambda name: (len(name), name))}}
    return dataclasses.replace(material, template=template)
