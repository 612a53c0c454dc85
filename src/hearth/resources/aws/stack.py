"""AWS::CloudFormation::Stack: a nested stack whose template is behind a URL.

Spec: https://docs.openstack.org/heat/latest/template_guide/cfn.html#AWS::CloudFormation::Stack
"""

from collections.abc import Iterable, Sequence
from typing import Any

from hearth.model import values
from hearth.model.values import UNKNOWN
from hearth.resources import base, nested
from hearth.resources.contract import Call, ChildStack, Issue, NotKnownYet, Unfetched, Values
from hearth.resources.schema import Property

_OUTPUT = "Outputs."
_SCHEMES = ("http://", "https://")


@base.resource("AWS::CloudFormation::Stack")
class Stack(nested.NestedStack):
    """A stack of its own inside this one, from the template at a URL.

    Its outputs are the attributes `Outputs.<name>`; it stands for the ARN of its stack.
    """

    url = Property(str, "Where the template is (http or https).", name="TemplateURL", required=True, updatable=True)
    timeout = Property(int, "Takes no effect: the owner's time holds.", name="TimeoutInMinutes", updatable=True)
    parameters = Property(dict, "Values of the template's parameters.", name="Parameters", updatable=True)

    def has_attribute(self, name: str) -> bool:
        """Outputs are known only where the template is."""
        return super().has_attribute(name) or name.startswith(_OUTPUT)

    def validate(self, properties: Values) -> Iterable[Issue]:
        """The template is fetched, so it must be where it can be fetched from."""
        yield from super().validate(properties)
        url = properties.get("TemplateURL")
        if isinstance(url, str) and not url.startswith(_SCHEMES):
            yield Issue(("TemplateURL",), f"{url!r} cannot be fetched.", "Give an http:// or https:// URL.")

    def reference(self, call: Call) -> Any:
        """The ARN of the nested stack."""
        return nested.arn(call)

    def child(self, call: Call) -> ChildStack:
        """The template behind the URL."""
        url = call.properties["TemplateURL"]
        if url is UNKNOWN:
            raise NotKnownYet(f"the template of {call.name} depends on other resources")
        text = call.files.get(url)
        if text is None:
            raise Unfetched(url)
        return ChildStack(text, parameters=call.properties.get("Parameters") or {}, source=url)

    async def attribute_path(self, call: Call, path: Sequence[Any]) -> Any:
        """Outputs by name; single resources as all nested stacks show them."""
        name = str(path[0])
        if not name.startswith(_OUTPUT):
            return await super().attribute_path(call, path)
        output = name.removeprefix(_OUTPUT)
        if call.child is None or output not in call.child.output_names:
            return None
        return values.walk(call.child.output(output), path[1:])
