"""Types of the container clusters."""

from hearth.resources.magnum import cluster, cluster_template

TYPES = (cluster_template.ClusterTemplate, cluster_template.BayModel, cluster.Cluster)
