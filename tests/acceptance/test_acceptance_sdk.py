"""openstacksdk's cloud layer and proxy against a running Hearth: stacks from create to delete."""

import pathlib

import openstack
import pytest

# openstacksdk 4 warns about parts of itself whenever they are used.
pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")

TEMPLATE = """
heat_template_version: 2018-08-31
parameters:
  value: {type: string, default: first}
resources:
  thing:
    type: OS::Heat::TestResource
    properties: {value: {get_param: value}}
outputs:
  said: {value: {get_attr: [thing, output]}}
"""
PLAIN = {"heat_template_version": "2018-08-31", "resources": {"thing": {"type": "OS::Heat::TestResource"}}}


@pytest.fixture
def cloud(hearth):
    config = openstack.config.OpenStackConfig(config_files=[str(hearth.folder / "clouds.yaml")], load_envvars=False)
    connection = openstack.connection.Connection(config=config.get_one("hearth"))
    yield connection
    connection.close()


def test_the_cloud_layer_takes_a_stack_through_its_life(cloud, tmp_path: pathlib.Path):
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE)
    made = cloud.create_stack("sdk", template_file=str(template), wait=True, timeout=30)
    assert made.status == "CREATE_COMPLETE"
    assert {one["output_key"]: one["output_value"] for one in made.outputs} == {"said": "first"}
    assert "sdk" in [one.name for one in cloud.list_stacks()]
    changed = cloud.update_stack("sdk", template_file=str(template), wait=True, timeout=30, value="second")
    assert changed.status == "UPDATE_COMPLETE"
    assert cloud.get_stack("sdk").outputs[0]["output_value"] == "second"
    assert cloud.delete_stack("sdk", wait=True) is True
    assert cloud.get_stack("sdk") is None


def test_the_proxy_reads_resources_events_templates_and_validates(cloud):
    proxy = cloud.orchestration
    assert proxy.validate_template(TEMPLATE, {}).parameters["value"]["Type"] == "String"
    made = proxy.create_stack(name="proxy", template=PLAIN)
    proxy.wait_for_status(made, status="CREATE_COMPLETE", failures=["CREATE_FAILED"], interval=0.1, wait=30)
    assert [one.name for one in proxy.resources(made)] == ["thing"]
    statuses = {one.resource_status for one in proxy.stack_events(made)}
    assert statuses == {"CREATE_IN_PROGRESS", "CREATE_COMPLETE"}
    assert "thing" in proxy.get_stack_template(made).resources
    assert proxy.get_stack_environment(made).parameters == {}
    assert proxy.get_stack_files(made) == {}
    proxy.delete_stack(made, ignore_missing=False)
    proxy.wait_for_delete(made, interval=0.1, wait=30)
