"""Types of the image service."""

from hearth.resources.glance import web_image
from hearth.resources.placeholder import placeholder
from hearth.resources.schema import DEPRECATED, HIDDEN, SUPPORTED

TYPES = (
    placeholder(
        "OS::Glance::Image",
        (HIDDEN, "22.0.0"),
        (DEPRECATED, "8.0.0"),
        (SUPPORTED, "2014.2"),
        what="An image by the first version of its API; OS::Glance::WebImage took its place.",
    ),
    web_image.WebImage,
)
