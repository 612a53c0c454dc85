"""Types of the object store."""

from hearth.resources.swift import container

TYPES = (container.Container,)
