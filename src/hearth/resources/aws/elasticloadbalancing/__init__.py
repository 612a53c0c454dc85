"""Amazon's load balancers."""

from hearth.resources.aws.elasticloadbalancing import load_balancer

TYPES = (load_balancer.LoadBalancer,)
