"""Types of services that are no more."""

from collections.abc import Mapping

from hearth.resources import placeholders

NOT_SHOWN: Mapping[str, str] = {one.type_name: "makes nothing" for one in placeholders.TYPES}
