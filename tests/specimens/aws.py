"""Specimens of Amazon's types beside EC2."""

from collections.abc import Mapping

from specimens.form import FLAVOR, IMAGE, NET, SUBNET, Request, Specimen, of, ref

USER = Request("identity", "DELETE", "/v3/users/{it}")
#: What servers of groups need: a network, and the only one.
LAUNCHED = {
    "net": NET,
    "subnet": SUBNET,
    "configuration": of("AWS::AutoScaling::LaunchConfiguration", ImageId=IMAGE, InstanceType=FLAVOR),
}
GROUP = of(
    "AWS::AutoScaling::AutoScalingGroup",
    AvailabilityZones=["nova"],
    VPCZoneIdentifier=[ref("subnet")],
    LaunchConfigurationName=ref("configuration"),
    MinSize=1,
    MaxSize=3,
)
SCALED = {**LAUNCHED, "group": GROUP}
DOORS = of("OS::Neutron::SecurityGroup")
WEB = of("AWS::EC2::Instance", ImageId=IMAGE, InstanceType=FLAVOR, SubnetId=ref("subnet"))

SPECIMENS: Mapping[str, Specimen] = {
    "AWS::AutoScaling::ScalingPolicy": Specimen(
        {"AutoScalingGroupName": ref("group"), "ScalingAdjustment": 1, "AdjustmentType": "ChangeInCapacity"},
        SCALED,
        removal=USER,
    ),
    "AWS::ElasticLoadBalancing::LoadBalancer": Specimen(
        {
            "AvailabilityZones": ["nova"],
            "Subnets": [ref("subnet")],
            "SecurityGroups": [ref("doors")],
            "Instances": [ref("one"), ref("two")],
            "Listeners": [
                {"InstancePort": 8080, "LoadBalancerPort": 80, "Protocol": "HTTP"},
                {"InstancePort": 22, "LoadBalancerPort": 22, "Protocol": "TCP"},
            ],
            "HealthCheck": {
                "HealthyThreshold": 2,
                "Interval": 10,
                "Target": "HTTP:8080/health",
                "Timeout": 5,
                "UnhealthyThreshold": 3,
            },
        },
        {"net": NET, "subnet": SUBNET, "doors": DOORS, "one": WEB, "two": WEB, "three": WEB, "others": DOORS},
        updates={"Instances": [ref("two"), ref("three")], "SecurityGroups": [ref("others")]},
        replaces={"Listeners": [{"InstancePort": 8080, "LoadBalancerPort": 81, "Protocol": "HTTP"}]},
        changes={
            "SecurityGroups": Request(
                "load-balancer", "PUT", "/v2/lbaas/loadbalancers/{it}", {"loadbalancer": {"vip_sg_ids": ["{others}"]}}
            )
        },
        removal=Request("load-balancer", "DELETE", "/v2/lbaas/loadbalancers/{it}?cascade=true"),
    ),
    "AWS::IAM::User": Specimen(removal=USER),
    "AWS::S3::Bucket": Specimen(
        {
            "AccessControl": "PublicRead",
            "Tags": [{"Key": "Colour", "Value": "red"}],
            "WebsiteConfiguration": {"IndexDocument": "index.html"},
        },
        changes={
            "AccessControl": Request("object-store", "POST", "/{it}", headers={"X-Container-Read": ""}),
            "Tags": Request("object-store", "POST", "/{it}", headers={"X-Container-Meta-S3-Tag-Colour": "blue"}),
        },
        removal=Request("object-store", "DELETE", "/{it}"),
    ),
}

#: Examples of types that have no specimen, for the reference.
EXAMPLES: Mapping[str, Specimen] = {
    "AWS::AutoScaling::AutoScalingGroup": Specimen(GROUP["properties"], LAUNCHED),
    "AWS::AutoScaling::LaunchConfiguration": Specimen(LAUNCHED["configuration"]["properties"]),
    "AWS::CloudFormation::Stack": Specimen(
        {"TemplateURL": "a URL", "Parameters": {"Word": "hello"}},
        given={"TemplateURL": "Where the template of the nested stack is, which has a parameter Word."},
    ),
    "AWS::CloudFormation::WaitCondition": Specimen(
        {"Handle": ref("handle"), "Count": 1, "Timeout": 600},
        {"handle": of("AWS::CloudFormation::WaitConditionHandle")},
    ),
    "AWS::CloudWatch::Alarm": Specimen(
        {
            "MetricName": "cpu",
            "Namespace": "servers",
            "Statistic": "Average",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": "80",
            "Period": "60",
            "EvaluationPeriods": "3",
        }
    ),
    "AWS::EC2::InternetGateway": Specimen({"Tags": [{"Key": "role", "Value": "web"}]}),
    "AWS::RDS::DBInstance": Specimen(
        {
            "DBInstanceClass": "m1.tiny",
            "AllocatedStorage": "1",
            "Engine": "MySQL",
            "DBName": "shop",
            "MasterUsername": "shop",
            "MasterUserPassword": "secret",
        }
    ),
    "AWS::IAM::AccessKey": Specimen({"UserName": ref("user")}, {"user": of("AWS::IAM::User")}),
}
