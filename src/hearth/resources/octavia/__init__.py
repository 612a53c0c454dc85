"""Types of the load balancing service."""

from hearth.resources.octavia import (
    availability_zone,
    flavor,
    health_monitor,
    l7_policy,
    l7_rule,
    listener,
    load_balancer,
    pool,
    pool_member,
    quota,
)

TYPES = (
    load_balancer.LoadBalancer,
    listener.Listener,
    pool.Pool,
    pool_member.PoolMember,
    health_monitor.HealthMonitor,
    l7_policy.L7Policy,
    l7_rule.L7Rule,
    flavor.FlavorProfile,
    flavor.Flavor,
    availability_zone.AvailabilityZoneProfile,
    availability_zone.AvailabilityZone,
    quota.Quota,
)
