"""What types of the shared file systems share: the collections, whose full objects are in another list."""

from hearth.model.states import Action
from hearth.resources.contract import Call
from hearth.resources.remote import Readiness, Remote, RemoteResource

SERVICE = "sharev2"
BECOMES_AVAILABLE = Readiness(
    ready=("available",),
    failed=("error", "error_deleting"),
    on=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE}),
)


def collection(envelope: str, *, path: str = "", marker: str = "", readiness: Readiness | None = None) -> Remote:
    """A collection; the path follows from the envelope where it is regular."""
    return Remote(
        service=SERVICE,
        path=f"/{path or envelope.replace('_', '-') + 's'}",
        envelope=envelope,
        marker=marker,
        # The first that knows access rules under their present names; what is needed has not changed since.
        microversion="2.7",
        readiness=readiness,
    )


class Kept(RemoteResource):
    """A type of the service."""

    def list_path(self, call: Call) -> str:
        """The plain list has names and ids only; types have no other."""
        return self.remote.path if self.remote.path == "/types" else f"{self.remote.path}/detail"
