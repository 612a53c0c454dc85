"""OS::Heat::Stack: a stack of its own, maybe in another region, made through that region's orchestration API.

Spec: https://docs.openstack.org/api-ref/orchestration/v1/#stacks
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from hearth.cloud import elsewhere, errors, session, settings
from hearth.model.drift import Condition
from hearth.model.errors import Invalid
from hearth.model.plan import Decision, Verdict
from hearth.model.states import Action
from hearth.resources import base, failures
from hearth.resources.contract import Call, Change, Issue, Observed, Permanent, Unwell, Values, Wait
from hearth.resources.remote import Remote, RemoteResource, recorded
from hearth.resources.schema import Attribute, Property, Unseen
from hearth.template import source

_DELETED = "DELETE_COMPLETE"
#: What the orchestration API shows for a hidden parameter.
_HIDDEN = "******"
#: Where an examined stack keeps its template.
_TEMPLATE = "template"


def _template(call: Call, observed: Observed) -> Any:
    """The stored template, in the words of the property while it means the same."""
    wanted, stored = call.properties["template"], observed.get(_TEMPLATE)
    if stored is None:
        return Unseen("the stored template could not be read")
    try:
        parsed, _ = source.parse(wanted, _TEMPLATE)
    except Invalid as invalid:
        return Unseen(f"the wanted template cannot be read: {invalid.message}")
    same = json.loads(json.dumps(parsed, default=str)) == stored
    return wanted if same else json.dumps(stored, indent=2)


def _parameters(call: Call, observed: Observed) -> Any:
    """The values of the parameters that are given here; hidden ones cannot be compared."""
    shown, given = observed.get("parameters") or {}, call.properties["parameters"]
    return {
        key: value if shown.get(key) == _HIDDEN else _as_given(value, shown.get(key)) for key, value in given.items()
    }


def _as_given(wanted: Any, shown: Any) -> Any:
    """The shown value; all are shown as texts."""
    if isinstance(wanted, str) or not isinstance(shown, str):
        return shown
    if isinstance(wanted, list) and ",".join(map(str, wanted)) == shown:
        return wanted
    try:
        return json.loads(shown)
    except ValueError:
        return shown


@base.resource("OS::Heat::Stack")
class RemoteStack(RemoteResource):
    """A stack of its own, in this region and cloud or in another.

    Its outputs are the attribute `outputs`. Suspended, resumed and checked as its owner is.
    """

    remote = Remote(service="orchestration", path="/stacks", envelope="stack")

    context = Property(
        dict,
        "Where the stack is, and who makes it.",
        updatable=True,
        live=None,
        fields={
            "region_name": Property(str, "The region."),
            "credential_secret_id": Property(str, "The secret that holds credentials.", updatable=True, since="12.0.0"),
            "ca_cert": Property(str, "Certificates to trust.", updatable=True, since="12.0.0"),
            "insecure": Property(
                bool, "Whether any certificate will do.", default=False, updatable=True, since="12.0.0"
            ),
        },
    )
    template = Property(str, "The template's text.", required=True, updatable=True, live=_template)
    timeout = Property(int, "Minutes that an action of it may take.", updatable=True, live="timeout_mins")
    parameters = Property(dict, "Values of the template's parameters.", default={}, updatable=True, live=_parameters)

    attributes = {
        "stack_name": Attribute(str, "Name of the stack."),
        "outputs": Attribute(dict, "Values of its outputs by name."),
    }
    waits_on = frozenset(
        {Action.CREATE, Action.UPDATE, Action.DELETE, Action.SUSPEND, Action.RESUME, Action.CHECK},
    )
    named_before_create = False
    confirms = True

    def validate(self, properties: Values) -> Iterable[Issue]:
        """Certificates can be read without asking anybody."""
        yield from super().validate(properties)
        context = properties.get("context")
        text = context.get("ca_cert") if isinstance(context, Mapping) else None
        problem = elsewhere.check_certificates(text) if text and isinstance(text, str) else ""
        if problem:
            yield Issue(("context", "ca_cert"), f"ca_cert cannot be used: {problem}.", "Give the text of a PEM file.")

    async def confirm(self, call: Call) -> Iterable[Issue]:
        """The other orchestration service must be there, and find nothing wrong with the template.

        The sentences are those that clients of Heat, and heat-tempest-plugin, look for.
        """
        given = call.properties
        region = _region(given) or call.cloud.region
        try:
            cloud = await _opened(call)
            cloud.endpoint(self.remote.service)
        except (errors.CloudError, Permanent) as error:
            cause = str(error)
            if isinstance(error, errors.NoService):
                cause = f"publicURL endpoint for orchestration service in {region} region not found"
            return [Issue((), f'Cannot establish connection to Heat endpoint at region "{region}" due to "{cause}"')]
        body = {"template": given["template"], "parameters": given["parameters"], "files": dict(call.files)}
        try:
            await cloud.post(self.remote.service, "/validate", json=body)
        except errors.CloudError as error:
            refused = f'Failed validating stack template using Heat endpoint at region "{region}" due to'
            return [Issue((), f'{refused} "ERROR: {error.message}"')]
        return ()

    def decide(self, change: Change, call: Call) -> Decision:
        """A stack cannot move to another region."""
        if "context" in change.properties and _region(call.previous or {}) != _region(call.properties):
            return Decision(Verdict.REPLACE, "the region changes", ("context",))
        return super().decide(change, call)

    def path(self, call: Call) -> str:
        """The stack's path, which has its name and its id."""
        return f"/stacks/{call.physical_name}/{call.physical_id}"

    async def request(
        self, call: Call, method: str, path: str, body: Any = None, *, creating: bool = False, **options: Any
    ) -> session.Response:
        """A request to the orchestration service that the context leads to."""
        with recorded(call, creating=creating and method != "GET"), failures.sorted_out(creating=creating):
            cloud = await _access(call)
            return await cloud.request(self.remote.service, method, path, json=body, **options)

    async def locate(self, call: Call) -> str | None:
        """Its name is of this row alone."""
        found = await self.listed(call, {"name": call.physical_name})
        return next((str(one["id"]) for one in found), None)

    async def create(self, call: Call) -> str | None:
        """Begin its creation."""
        answer = await self.request(call, "POST", self.remote.path, _wanted(call), creating=True)
        return str(answer.body["stack"]["id"])

    async def update(self, call: Call, change: Change) -> str | None:
        """Begin its update."""
        await self.request(call, "PUT", self.path(call), _wanted(call))
        return None

    async def delete(self, call: Call) -> None:
        """Begin its deletion."""
        await self.request(call, "DELETE", self.path(call))

    async def suspend(self, call: Call) -> None:
        """Begin to suspend it."""
        await self._act(call, "suspend")

    async def resume(self, call: Call) -> None:
        """Begin to resume it."""
        await self._act(call, "resume")

    async def check(self, call: Call) -> Observed | None:
        """Begin to check it."""
        await self._act(call, "check")
        return None

    def ailment(self, call: Call, observed: Observed) -> Unwell | None:
        """A stack that was deleted is still shown for a while."""
        if observed.get("stack_status") == _DELETED:
            return Unwell(f"stack {call.physical_id} was deleted", Condition.GONE)
        return None

    async def examine(self, call: Call, observed: Observed) -> Observed:
        """The template is shown on its own."""
        answer = await self.request(call, "GET", f"{self.path(call)}/template")
        return {**observed, _TEMPLATE: answer.body}

    async def _act(self, call: Call, action: str) -> None:
        await self.request(call, "POST", f"{self.path(call)}/actions", {action: None})

    async def settle(self, call: Call, observed: Observed | None) -> Wait | None:
        """Wait for the end of the same action over there."""
        status = _DELETED if observed is None else str(observed["stack_status"])
        if status == f"{call.action}_COMPLETE":
            return None
        if status.endswith("_FAILED") and status.startswith(call.action):
            reason = observed["stack_status_reason"] if observed is not None else ""
            raise Permanent(f'Went to status {status} due to "{reason}"', "ResourceInError")
        return Wait()

    async def attribute(self, call: Call, name: str, observed: Observed | None) -> Any:
        """Outputs by name."""
        if observed is None:
            observed = await self.observe(call)
        if observed is not None and name == "outputs":
            return {one["output_key"]: one.get("output_value") for one in observed.get("outputs") or ()}
        return await super().attribute(call, name, observed)


async def _access(call: Call) -> session.Session:
    """The access that the context asks for.

    Whatever cannot be found on the way there is a failure of its own: it does not mean that the stack is gone.
    """
    with failures.sorted_out(creating=True):
        found = await _opened(call)
        found.endpoint(RemoteStack.remote.service)
    return found


async def _opened(call: Call) -> session.Session:
    """The session for the context. Raises CloudError, Permanent."""
    context = call.properties.get("context") or {}
    region, insecure = context.get("region_name"), bool(context.get("insecure"))
    certificates, secret_id = context.get("ca_cert") or None, context.get("credential_secret_id")
    if secret_id:
        text = await _secret(call.cloud, str(secret_id))
        try:
            given = elsewhere.read(text, region, settings.Tls(insecure=insecure, ca_data=certificates))
        except ValueError as error:
            raise Permanent(f"The secret {secret_id} holds no credentials: {error}", "ValueError") from None
        return await call.cloud.elsewhere(given)
    if region or insecure or certificates is not None:
        return call.cloud.in_region(region or call.cloud.region, insecure=insecure, ca_data=certificates)
    return call.cloud


async def _secret(cloud: session.Session, secret_id: str) -> str:
    """What a secret of the key manager holds; it never changes, so it is asked for once."""
    known = cloud.memo.setdefault("secrets", {})
    if secret_id not in known:
        path = f"/secrets/{quote(secret_id.rstrip('/').rpartition('/')[2], safe='')}/payload"
        answer = await cloud.get("key-manager", path, headers={"Accept": "text/plain"})
        known[secret_id] = answer.raw.decode(errors="replace")
    return str(known[secret_id])


def _region(properties: Mapping[str, Any]) -> Any:
    return (properties.get("context") or {}).get("region_name")


def _wanted(call: Call) -> dict[str, Any]:
    given = call.properties
    body = {
        "stack_name": call.physical_name,
        "template": given["template"],
        "parameters": given["parameters"],
        "files": dict(call.files),
        "disable_rollback": True,
    }
    if "timeout" in given:
        body["timeout_mins"] = given["timeout"]
    return body
