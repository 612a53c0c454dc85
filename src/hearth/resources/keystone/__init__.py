"""Types of the identity service."""

from hearth.resources.keystone import domain, endpoint, group, project, region, role, role_assignments, service, user

TYPES = (
    domain.Domain,
    endpoint.Endpoint,
    group.Group,
    project.Project,
    region.Region,
    role.Role,
    role_assignments.GroupRoleAssignment,
    role_assignments.UserRoleAssignment,
    service.Service,
    user.User,
)
