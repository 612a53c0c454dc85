"""Types of the image service."""

from hearth.resources.glance import web_image

TYPES = (web_image.WebImage,)
