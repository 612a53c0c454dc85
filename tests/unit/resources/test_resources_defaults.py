"""What the operator says about types: defaults of properties, lengths of names, copies that are left behind."""

import pytest

from hearth.resources import blueprint, describing, registry
from hearth.template import environment


@pytest.mark.parametrize(
    ("option", "value", "type_name", "name"),
    [
        ("default_software_config_transport", "POLL_TEMP_URL", "OS::Nova::Server", "software_config_transport"),
        ("default_software_config_transport", "POLL_TEMP_URL", "OS::Heat::DeployedServer", "software_config_transport"),
        ("default_user_data_format", "SOFTWARE_CONFIG", "OS::Nova::Server", "user_data_format"),
        ("default_deployment_signal_transport", "HEAT_SIGNAL", "OS::Heat::SoftwareDeployment", "signal_transport"),
        ("default_deployment_signal_transport", "HEAT_SIGNAL", "OS::Heat::StructuredDeployments", "signal_transport"),
    ],
)
def test_the_operators_default_is_the_types(option: str, value: str, type_name: str, name: str) -> None:
    kind = registry.TypeRegistry(operator={option: value}).get(type_name)
    assert dict(kind.properties.defaults)[name] == value  # type: ignore[attr-defined]  # it is a Schema
    assert describing.schema_to_wire(kind, type_name)["properties"][name]["default"] == value
    published = registry.TypeRegistry().get(type_name).properties[name].default
    assert published != value, "others keep the published one"


@pytest.mark.parametrize("type_name", ["OS::Nova::Server", "OS::Heat::DeployedServer", "AWS::EC2::Instance"])
def test_names_of_servers_are_as_short_as_the_operator_says(type_name: str) -> None:
    assert registry.TypeRegistry(operator={"max_server_name_length": 20}).get(type_name).name_limit == 20
    assert registry.TypeRegistry().get(type_name).name_limit == 53


@pytest.mark.parametrize("type_name", ["OS::Cinder::Volume", "AWS::EC2::Volume"])
def test_a_cloud_without_backups_takes_no_deletion_policy_that_makes_one(type_name: str) -> None:
    properties = {"size": 1} if type_name.startswith("OS") else {"AvailabilityZone": "nova", "Size": 1}
    disk = {"type": type_name, "properties": properties, "deletion_policy": "Snapshot"}
    template = {"heat_template_version": "2018-08-31", "resources": {"disk": disk}}

    def found(*, backups: bool) -> list[str]:
        builder = blueprint.Builder(registry.TypeRegistry(operator={"backups_enabled": backups}), 100_000)
        _, findings = builder.build(template, environment.Environment(), {}, blueprint.Surroundings.nowhere())
        return [one.message for one in findings]

    assert found(backups=True) == []
    assert found(backups=False) == [
        f"deletion policy Snapshot is not supported by {type_name} on this cloud: it makes no backups"
    ]
