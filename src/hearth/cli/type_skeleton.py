"""The files that `hearth resource-types new` writes: a package with one resource type and a test that passes as it is.

Pure: a name gives `{path: text}`.
"""

import re
import textwrap
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(::[A-Za-z][A-Za-z0-9]*){1,3}")
_RESERVED: Final = ("OS", "AWS")


def problem(name: str) -> str:
    """What is wrong with a name for a type; empty when nothing is."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is no name of a type: write words joined by '::', such as My::Network::AddressGroup"
    if name.partition("::")[0] in _RESERVED:
        return f"{name!r} is in a name space of OpenStack or Amazon: begin it with a word of your own"
    return ""


def files(name: str) -> dict[str, str]:
    """The files of a package for a type: `{path: text}`."""
    class_name = name.rpartition("::")[2]
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", class_name).lower()
    package = "_".join(name.lower().split("::")[:-1]) + "_types"
    words = {
        "name": name,
        "class_name": class_name,
        "module": module,
        "package": package,
        "project": package.replace("_", "-"),
        "noun": module.replace("_", " "),
    }
    return {
        path.format_map(words): textwrap.dedent(text).lstrip("\n").format_map(words) for path, text in _FILES.items()
    }


_FILES: Final = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "{project}"
        version = "0.1.0"
        description = "{name} for Hearth."
        requires-python = ">=3.11"
        dependencies = ["hearth"]

        # Hearth finds the types of every installed package by this.
        [project.entry-points."hearth.resources"]
        {module} = "{package}.{module}"

        [tool.hatch.build.targets.wheel]
        packages = ["{package}"]
        """,
    "README.md": """
        # {name}

            python -m pytest      # on an embedded cloud, in this process
            pip install .         # beside Hearth, which finds the type by the entry point `hearth.resources`

        Or, without installing it, a line in Hearth's configuration: `plugin_dirs = /path/to/{package}`.

        How a type is written: `docs/how-to/write-a-resource-type.md` of Hearth.
        """,
    "{package}/__init__.py": '"""Resource types for Hearth."""\n',
    "{package}/{module}.py": '''
        """{name}: say here what it is.

        This one is an address group of Neutron, so that it works as it stands. Make it yours.

        Spec: https://docs.openstack.org/api-ref/network/v2/#address-groups
        """

        from hearth.resources.base import resource
        from hearth.resources.remote import Remote, RemoteResource
        from hearth.resources.schema import PHYSICAL_NAME, Attribute, Property


        @resource("{name}")
        class {class_name}(RemoteResource):
            """Say here what users should know of it."""

            # Service type, collection and envelope of the REST API. The marker is a field in which the resource's id
            # can stand, by which its object is known again after a lost answer.
            remote = Remote(
                service="network", path="/v2.0/address-groups", envelope="address_group", marker="description"
            )

            # The request is made of the properties, under the same names (or those of `wire`).
            name = Property(str, "Name of the {noun}.", default=PHYSICAL_NAME, updatable=True)
            # Not `updatable`: another value makes another object.
            addresses = Property(list, "Networks in it.", required=True, items=Property(str, constraint="net_cidr"))

            attributes = {{"addresses": Attribute(list, "Networks in it.")}}
        ''',
    "tests/test_{module}.py": '''
        """The life of a {name} on an embedded cloud, through templates."""

        import pathlib

        import pytest

        from hearth.process.trial import Trial

        TYPES = pathlib.Path(__file__).parents[1] / "{package}"


        @pytest.fixture(scope="module")
        def trial():
            with Trial(plugin_dirs=[TYPES]) as found:
                yield found


        def template(**properties):
            return {{"it": {{"type": "{name}", "properties": properties}}}}


        def test_it_is_made_changed_replaced_and_removed(trial):
            trial.create(template(name="one", addresses=["10.0.0.0/24"]))
            first = trial.physical_id("it")
            assert trial.attribute("it", "addresses") == ["10.0.0.0/24"]
            assert trial.differences() == {{}}
            trial.update(template(name="two", addresses=["10.0.0.0/24"]))
            assert trial.physical_id("it") == first, "a name is changed in place"
            trial.update(template(name="two", addresses=["10.0.1.0/24"]))
            assert trial.physical_id("it") != first, "other addresses make another one"
            trial.check()
            trial.delete()


        def test_what_is_wrong_is_told_before_anything_is_made(trial):
            assert "is not a network in CIDR form" in trial.refused(template(addresses=["nowhere"]))
        ''',
}
