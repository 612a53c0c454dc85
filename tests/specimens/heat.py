"""Specimens of the orchestration types."""

from collections.abc import Mapping

from hearth.resources import registry
from specimens.form import (
    FLAVOR,
    IMAGE,
    Request,
    Specimen,
    of,
    ref,
)

INNER = {"heat_template_version": "2018-08-31", "resources": {"one": of("OS::Heat::Value", value="x")}}
USER = Request("identity", "DELETE", "/v3/users/{it}")
TYPES = registry.TypeRegistry()
MEMBER = {"type": "OS::Heat::RandomString", "properties": {"length": 12}}
GROUP = of("OS::Heat::AutoScalingGroup", min_size=1, max_size=3, resource=MEMBER)
SPECIMENS: Mapping[str, Specimen] = {
    "OS::Heat::DeployedServer": Specimen(
        {"software_config_transport": "POLL_TEMP_URL", "deployment_swift_data": {"container": "told", "object": "it"}},
        removal=Request("object-store", "DELETE", "/told/it"),
    ),
    "OS::Heat::Stack": Specimen(
        {"template": "heat_template_version: 2018-08-31", "parameters": {}},
        changes={
            "template": Request("orchestration", "PUT", "/stacks/{it_name}/{it}", {"template": INNER}),
        },
        removal=Request("orchestration", "DELETE", "/stacks/{it_name}/{it}"),
    ),
    **{
        f"OS::Heat::{name}": Specimen(removal=Request("orchestration", "DELETE", "/software_configs/{it}"))
        for name in ("SoftwareConfig", "StructuredConfig", "CloudConfig", "MultipartMime")
    },
    "OS::Heat::SoftwareComponent": Specimen(
        {"configs": [{"actions": ["CREATE"], "config": "true", "tool": "script"}]},
        removal=Request("orchestration", "DELETE", "/software_configs/{it}"),
    ),
    **{
        f"OS::Heat::{name}": Specimen(
            {"server": ref("server"), "signal_transport": "NO_SIGNAL"},
            {"server": of("OS::Heat::DeployedServer")},
            removal=Request("orchestration", "DELETE", "/software_deployments/{it}"),
        )
        for name in ("SoftwareDeployment", "StructuredDeployment")
    },
    "OS::Heat::WaitConditionHandle": Specimen(removal=USER),
    "AWS::CloudFormation::WaitConditionHandle": Specimen(removal=USER),
    "OS::Heat::ScalingPolicy": Specimen(
        {"auto_scaling_group_id": ref("group"), "scaling_adjustment": 1, "adjustment_type": "change_in_capacity"},
        {"group": GROUP},
        removal=USER,
    ),
    "OS::Heat::SwiftSignalHandle": Specimen(removal=Request("object-store", "DELETE", "/{it}")),
}

NOT_SHOWN: Mapping[str, str] = {
    "OS::Heat::UpdateWaitConditionHandle": "is made anew by every update",
    "OS::Heat::CWLiteAlarm": "stands in the store, where nobody else can remove it",
    "OS::Heat::SwiftSignal": "is there when it was signalled; what it reads is its handle's",
    **{
        name: "has nothing outside the store"
        for name in TYPES.names()
        if not TYPES.get(name).nests and (not TYPES.get(name).supports_check or name == "OS::Heat::TestResource")
    },
    **{name: "is what its nested stack is" for name in TYPES.names() if TYPES.get(name).nests},
}

#: Examples of types that have no specimen, for the reference.
EXAMPLES: Mapping[str, Specimen] = {
    "OS::Heat::CWLiteAlarm": Specimen(
        {
            "MetricName": "memory",
            "Namespace": "servers",
            "Statistic": "Average",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": "80",
            "Period": "60",
            "EvaluationPeriods": "3",
            "AlarmActions": [{"get_attr": ["grow", "alarm_url"]}],
        },
        {
            "group": GROUP,
            "grow": of(
                "OS::Heat::ScalingPolicy",
                auto_scaling_group_id=ref("group"),
                adjustment_type="change_in_capacity",
                scaling_adjustment=1,
            ),
        },
        note="Works where the operator sets `enable_cloud_watch_lite`; datapoints come by the CloudWatch API.",
    ),
    "OS::Heat::AccessPolicy": Specimen(
        {"AllowedResources": ["database"]}, {"database": of("OS::Heat::Value", value="x")}
    ),
    "OS::Heat::AutoScalingGroup": Specimen(GROUP["properties"]),
    "OS::Heat::Delay": Specimen({"min_wait": 0.1, "actions": ["CREATE", "DELETE"]}),
    "OS::Heat::InstanceGroup": Specimen(
        {"AvailabilityZones": ["nova"], "LaunchConfigurationName": ref("configuration"), "Size": 2},
        {"configuration": of("AWS::AutoScaling::LaunchConfiguration", ImageId=IMAGE, InstanceType=FLAVOR)},
        note="The servers are in the only network of the project. Where it has several, use "
        "AWS::AutoScaling::AutoScalingGroup, which takes a subnet.",
    ),
    "OS::Heat::None": Specimen(),
    "OS::Heat::RandomString": Specimen(
        {"length": 24, "character_classes": [{"class": "lowercase", "min": 1}, {"class": "digits", "min": 2}]}
    ),
    "OS::Heat::ResourceChain": Specimen(
        {"resources": ["OS::Heat::RandomString", "OS::Heat::RandomString"], "resource_properties": {"length": 8}}
    ),
    "OS::Heat::ResourceGroup": Specimen(
        {"count": 3, "resource_def": of("OS::Neutron::Net", name="net-%index%"), "removal_policies": []}
    ),
    **{
        f"OS::Heat::{name}Deployment{several}": Specimen(
            {
                "config": ref("config"),
                "servers": {"web": ref("web"), "db": ref("db")},
                "signal_transport": "NO_SIGNAL",
            },
            {
                "web": of("OS::Heat::DeployedServer"),
                "db": of("OS::Heat::DeployedServer"),
                "config": of(f"OS::Heat::{name}Config", group="script"),
            },
        )
        for name in ("Software", "Structured")
        for several in ("Group", "s")
    },
    "OS::Heat::SwiftSignal": Specimen(
        {"handle": ref("handle"), "count": 1, "timeout": 600}, {"handle": of("OS::Heat::SwiftSignalHandle")}
    ),
    "OS::Heat::TestResource": Specimen({"value": "x", "wait_secs": 0}),
    "OS::Heat::UpdateWaitConditionHandle": Specimen(),
    "OS::Heat::Value": Specimen({"type": "json", "value": {"role": "web", "count": 3}}),
    "OS::Heat::WaitCondition": Specimen(
        {"handle": ref("handle"), "count": 1, "timeout": 600}, {"handle": of("OS::Heat::WaitConditionHandle")}
    ),
}
