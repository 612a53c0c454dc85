"""Types of databases."""

from hearth.resources.trove import cluster, instance

TYPES = (instance.Instance, cluster.Cluster)
