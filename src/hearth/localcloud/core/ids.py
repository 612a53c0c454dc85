"""Identifiers as OpenStack's services write them."""

import uuid


def new_id() -> str:
    """A random UUID as text with dashes (nova, neutron, cinder, glance)."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """A random UUID as 32 hexadecimal digits (keystone)."""
    return uuid.uuid4().hex
