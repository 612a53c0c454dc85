"""Specimens of the image types."""

from collections.abc import Mapping

from specimens.form import (
    Request,
    Specimen,
)

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Glance::WebImage": Specimen(
        {
            "location": "http://example.org/image",
            "container_format": "bare",
            "disk_format": "raw",
            "os_distro": "debian",
            "extra_properties": {"colour": "red"},
        },
        changes={
            "os_distro": Request(
                "image",
                "PATCH",
                "/v2/images/{it}",
                [{"op": "remove", "path": "/os_distro"}],
                {"Content-Type": "application/openstack-images-v2.1-json-patch"},
            ),
            "extra_properties": Request(
                "image",
                "PATCH",
                "/v2/images/{it}",
                [{"op": "replace", "path": "/colour", "value": "blue"}],
                {"Content-Type": "application/openstack-images-v2.1-json-patch"},
            ),
            "active": Request("image", "POST", "/v2/images/{it}/actions/deactivate"),
        },
        unchanged=("protected",),
        user="admin",
    ),
}
