"""AWS::S3::Bucket: a container of the object store.

Spec: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucket.html
"""

from typing import Any, Final

from hearth.resources import base
from hearth.resources.aws.ec2 import tags as tag_lists
from hearth.resources.contract import Call, Observed
from hearth.resources.schema import Attribute, Property
from hearth.resources.swift import container

_META: Final = "X-Container-Meta"
_TAG: Final = "S3-Tag"
#: `{what is asked for: (who may read, who may write)}`; {project}: the project of the stack.
_ACCESS: Final = {
    "Private": ("", ""),
    "PublicRead": (".r:*", ""),
    "PublicReadWrite": (".r:*", ".r:*"),
    "AuthenticatedRead": ("{project}", ""),
    "BucketOwnerRead": ("{project}", ""),
    "BucketOwnerFullControl": ("{project}", "{project}"),
}


def _control(call: Call, observed: Observed) -> Any:
    """What is asked for, if the headers say so; else the headers."""
    wanted = _access(call)
    shown = {key: observed.get(key.lower()) or "" for key in ("X-Container-Read", "X-Container-Write")}
    return call.properties["AccessControl"] if all(shown[key] == wanted.get(key, "") for key in shown) else str(shown)


def _tags(call: Call, observed: Observed) -> Any:
    start = f"{_META}-{_TAG}-".lower()
    given = call.properties.get("Tags") or ()
    names = {one["Key"].lower(): one["Key"] for one in given}
    shown = {key.removeprefix(start): value for key, value in observed.items() if key.startswith(start)}
    found = tag_lists.as_list({names.get(key, key): value for key, value in shown.items()})
    return given if tag_lists.as_map(given) == tag_lists.as_map(found) else found


def _website(call: Call, observed: Observed) -> Any:
    fields = {"IndexDocument": "web-index", "ErrorDocument": "web-error"}
    shown = {key: observed.get(f"{_META}-{field}".lower()) for key, field in fields.items()}
    return {key: value for key, value in shown.items() if value is not None}


def _access(call: Call) -> dict[str, str]:
    read, write = _ACCESS[call.properties.get("AccessControl", "Private")]
    asked = {"X-Container-Read": read, "X-Container-Write": write}
    return {key: value.format(project=call.stack.project_id) for key, value in asked.items() if value}


@base.resource("AWS::S3::Bucket")
class Bucket(container.Stored):
    """A container of the object store.

    Its name is made from the stack's.
    """

    control = Property(
        str,
        "Who may read and write.",
        name="AccessControl",
        allowed=(
            "Private",
            "PublicRead",
            "PublicReadWrite",
            "AuthenticatedRead",
            "BucketOwnerRead",
            "BucketOwnerFullControl",
        ),
        live=_control,
    )
    tags = tag_lists.tags_property(live=_tags)
    website = Property(
        dict,
        "Pages that are shown for the bucket, and for what is not there.",
        name="WebsiteConfiguration",
        live=_website,
        fields={
            "ErrorDocument": Property(str, "Shown for what is not there."),
            "IndexDocument": Property(str, "Shown for the bucket."),
        },
    )

    attributes = {
        "DomainName": Attribute(str, "Host of the object store."),
        "WebsiteURL": Attribute(str, "URL of the bucket as a web site."),
    }

    def headers(self, call: Call) -> dict[str, str]:
        """Access, the web site, and the tags as metadata."""
        website = call.properties.get("WebsiteConfiguration") or {}
        told = {"Web-Index": website.get("IndexDocument"), "Web-Error": website.get("ErrorDocument")}
        told |= {f"{_TAG}-{key}": value for key, value in tag_lists.as_map(call.properties.get("Tags")).items()}
        return _access(call) | {f"{_META}-{key}": str(value) for key, value in told.items() if value}
