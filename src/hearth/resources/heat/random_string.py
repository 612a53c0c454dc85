"""OS::Heat::RandomString: a secret text that is made once and kept."""

import secrets
import string
from collections.abc import Iterable
from typing import Any

from hearth.model.values import is_known
from hearth.resources import base
from hearth.resources.contract import Call, Issue, Observed, Values
from hearth.resources.schema import Attribute, Property

_CLASSES = {
    "lettersdigits": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "digits": string.digits,
    "hexdigits": string.digits + "ABCDEF",
    "octdigits": string.octdigits,
}
_LONGEST = 512
_VALUE = "value"
_random = secrets.SystemRandom()


@base.resource("OS::Heat::RandomString", since="2014.1")
class RandomString(base.Base):
    """A random text, such as a password.

    The text is kept, encrypted, with the resource; get_resource gives the text itself.
    """

    secret_data = (_VALUE,)

    length = Property(int, "Number of characters.", default=32, minimum=1, maximum=_LONGEST)
    character_classes = Property(
        list,
        "Classes the characters come from, each with the least number of them.",
        default=[{"class": "lettersdigits", "min": 1}],
        items=Property(
            dict,
            fields={
                "class": Property(str, "A class of characters.", default="lettersdigits", allowed=_CLASSES),
                "min": Property(int, "Least number of them.", default=1, minimum=1, maximum=_LONGEST),
            },
        ),
    )
    character_sequences = Property(
        list,
        "Further characters to choose from, each group with the least number of them.",
        items=Property(
            dict,
            fields={
                "sequence": Property(str, "The characters.", required=True),
                "min": Property(int, "Least number of them.", default=1, minimum=1, maximum=_LONGEST),
            },
        ),
    )
    salt = Property(str, "Any text; a change of it makes a new value.")
    sequence = Property(
        str,
        "One class of characters; older form of character_classes.",
        allowed=_CLASSES,
        support=(("HIDDEN", "5.0.0"), ("DEPRECATED", "2014.2")),
    )

    attributes = {_VALUE: Attribute(str, "The text.", cached=False)}

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The least numbers must fit into the length."""
        if not is_known(properties):
            return
        length = properties["length"]
        least = sum(group["min"] for group in _groups(properties))
        if least > length:
            message = f"The length {length} is less than {least}, the sum of the least numbers of characters."
            yield Issue(("length",), message, "Make the text longer or ask for fewer characters.")

    def reference(self, call: Call) -> Any:
        """The text."""
        return call.data.get(_VALUE, call.physical_id)

    async def create(self, call: Call) -> str | None:
        """Make the text."""
        call.data[_VALUE] = generate(call.properties)
        return call.physical_name

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """The text."""
        return call.data.get(_VALUE) if name == _VALUE else None


def generate(properties: Values) -> str:
    """A text that has the length, and from each group at least as many characters as it asks for."""
    legacy = properties.get("sequence")
    if legacy is not None:
        return "".join(_random.choices(_CLASSES[legacy], k=properties["length"]))
    groups = _groups(properties)
    chosen = [one for group in groups for one in _random.choices(_characters(group), k=group["min"])]
    everything = "".join(map(_characters, groups))
    chosen += _random.choices(everything, k=properties["length"] - len(chosen))
    _random.shuffle(chosen)
    return "".join(chosen)


def _groups(properties: Values) -> list[dict[str, Any]]:
    return [group for group in (*properties["character_classes"], *properties.get("character_sequences", ())) if group]


def _characters(group: dict[str, Any]) -> str:
    characters: str = group.get("sequence") or _CLASSES[group.get("class", "lettersdigits")]
    return characters
