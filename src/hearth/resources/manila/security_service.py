"""OS::Manila::SecurityService: a directory that knows the users of shares.

Spec: https://docs.openstack.org/api-ref/shared-file-system/#security-services
"""

from hearth.resources import base
from hearth.resources.manila import kept
from hearth.resources.schema import NEVER_SHOWN, PHYSICAL_NAME, Property


@base.resource("OS::Manila::SecurityService", since="5.0.0")
class SecurityService(kept.Kept):
    """A directory that knows the users of shares.

    Used by share networks.
    """

    remote = kept.collection("security_service")

    type = Property(str, "What kind of directory.", required=True, allowed=("ldap", "kerberos", "active_directory"))
    name = Property(str, "Name of the security service.", updatable=True, default=PHYSICAL_NAME)
    description = Property(str, "Description of the security service.", updatable=True, cleared="")
    server = Property(str, "Its address.", updatable=True)
    dns_ip = Property(str, "Address of its name server.", updatable=True)
    domain = Property(str, "Its domain.", updatable=True)
    user = Property(str, "Who asks it.", updatable=True)
    password = Property(str, "Password of who asks it.", updatable=True, secret=True, live=NEVER_SHOWN)
