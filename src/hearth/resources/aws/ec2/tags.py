"""Tags as Amazon's types have them: a list of keys and values."""

from collections.abc import Iterable, Mapping
from typing import Any

from hearth.resources.contract import Call, Observed
from hearth.resources.remote import own_metadata
from hearth.resources.schema import Property

_METADATA = own_metadata()


def tags_property(*, implemented: bool = True, **stated: Any) -> Property:
    """The property. Where tags are not implemented, a list without any is all that is taken."""
    return Property(list, "Tags: keys and values.", name="Tags", items=_tag(implemented), **{"wire": None, **stated})


def _tag(implemented: bool) -> Property:
    fields = {
        "Key": Property(str, "Key of the tag.", required=True),
        "Value": Property(str, "Value of the tag.", required=True),
    }
    return Property(dict, fields=fields, implemented=implemented)


def as_map(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    """`{key: value}`; the last one of a key counts."""
    return {one["Key"]: one["Value"] for one in tags or ()}


def as_list(tags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tags of a map."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def in_metadata(call: Call, observed: Observed) -> Any:
    """Reads tags that are kept as metadata of the object."""
    given, shown = as_map(call.properties.get("Tags")), _METADATA(call, observed)
    return call.properties.get("Tags") if shown == given else as_list(shown)
