"""Short ways to say what the tests of the network service ask."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

_ROOT = "/network/v2.0/"


@dataclasses.dataclass
class Net:
    """The network API as one user."""

    client: Any

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.client.request(method, _ROOT + path, body)
        return answer.status, answer.json() if answer.body else None

    def make(self, kind: str, **fields: Any) -> Any:
        """Create one; returns the document."""
        status, body = self.ask("POST", _path(kind), {kind: fields})
        assert status == 201, body
        return body[kind]

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and error type."""
        status, answer = self.ask(method, path, body)
        assert status >= 400, answer
        return status, answer["NeutronError"]["type"]

    def get(self, path: str) -> Any:
        status, body = self.ask("GET", path)
        assert status == 200, body
        return next(iter(body.values()))

    def put(self, kind: str, id: str, **fields: Any) -> Any:
        status, body = self.ask("PUT", f"{_path(kind)}/{id}", {kind: fields})
        assert status == 200, body
        return body[kind]

    def verb(self, path: str, **body: Any) -> Any:
        status, answer = self.ask("PUT", path, body)
        assert status == 200, answer
        return answer

    def delete(self, kind: str, id: str) -> int:
        return self.ask("DELETE", f"{_path(kind)}/{id}")[0]

    def network(self, cidr: str = "10.50.0.0/24", **subnet: Any) -> tuple[str, str]:
        """A network with one subnet; their ids."""
        network = self.make("network", name="net")["id"]
        made = self.make("subnet", network_id=network, ip_version=6 if ":" in cidr else 4, cidr=cidr, **subnet)
        return network, made["id"]

    def public(self) -> str:
        found: str = self.get("networks?name=public")[0]["id"]
        return found

    def routed(self) -> tuple[str, str, str]:
        """A network, its subnet, and a router from it to the outside."""
        network, subnet = self.network()
        router = self.make("router", external_gateway_info={"network_id": self.public()})["id"]
        self.verb(f"routers/{router}/add_router_interface", subnet_id=subnet)
        return network, subnet, router


def _path(kind: str) -> str:
    plural = {"policy": "qos/policies", "rbac_policy": "rbac-policies"}.get(kind)
    return plural or kind.replace("_", "-") + "s"


@pytest.fixture
def net(cloud_client: Any) -> Net:
    """User demo."""
    return Net(cloud_client)


@pytest.fixture
def admin(cloud_client: Any) -> Net:
    """The administrator of the same cloud."""
    return Net(cloud_client.as_admin())


@pytest.fixture
def open_net(open_client: Callable[..., Any]) -> Callable[..., Net]:
    """Opens a cloud kept in a folder, as demo."""
    return lambda folder: Net(open_client(folder).log_in("demo", "demo"))
