"""Types of Amazon's Auto Scaling: groups of servers whose size signals change."""

from hearth.resources.aws.autoscaling import auto_scaling_group, instance_group, launch_configuration, scaling_policy

TYPES = (
    auto_scaling_group.AutoScalingGroup,
    instance_group.InstanceGroup,
    launch_configuration.LaunchConfiguration,
    scaling_policy.ScalingPolicy,
)
