"""Types that CloudFormation templates use, as far as they have a meaning here."""

from hearth.resources.aws import alarm, autoscaling, ec2, elasticloadbalancing, iam, rds, s3, stack, wait_condition

TYPES = (
    alarm.Alarm,
    *autoscaling.TYPES,
    *ec2.TYPES,
    *elasticloadbalancing.TYPES,
    iam.AccessKey,
    iam.User,
    rds.DBInstance,
    s3.Bucket,
    stack.Stack,
    wait_condition.WaitCondition,
    wait_condition.WaitConditionHandle,
    wait_condition.UpdateWaitConditionHandle,
)
