"""Types of containers."""

from hearth.resources.zun import container

TYPES = (container.Container,)
