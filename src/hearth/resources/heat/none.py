"""OS::Heat::None: nothing at all, under any properties. Maps a type away in an environment."""

from hearth.resources import base, placeholder


@base.resource("OS::Heat::None", since="5.0.0")
class NoneResource(placeholder.Indifferent):
    """Makes nothing; it stands in for types that are switched off.

    Takes every property, gives null for every attribute, and does nothing.
    """
