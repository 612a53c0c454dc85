"""What types of the workflow service share: bare objects, known by name or id."""

from hearth.resources.finders import looks_like_id
from hearth.resources.remote import Remote

SERVICE = "workflow"
EXECUTIONS = "/v2/executions"


def collection(noun: str, *, identity: str = "id") -> Remote:
    """The collection of one kind of things."""
    return Remote(service=SERVICE, path=f"/v2/{noun}s", envelope="", plural=f"{noun}s", identity=identity, sparse=True)


def is_id(value: str) -> bool:
    """Whether a text is an id rather than a name."""
    return looks_like_id(value)
