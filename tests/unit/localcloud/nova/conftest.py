"""Requests to the compute service as a test writes them."""

import json
from typing import Any

import pytest


class Nova:
    """Requests below /compute/v2.1 in one microversion."""

    def __init__(self, client: Any, version: str = "2.96") -> None:
        self.client = client
        self.version = version

    def at(self, version: str) -> "Nova":
        """The same in another microversion."""
        return Nova(self.client, version)

    def as_admin(self) -> "Nova":
        return Nova(self.client.as_admin(), self.version)

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """The answer's body; `status`: what it has to be, None for any success."""
        headers = {"OpenStack-API-Version": f"compute {self.version}"}
        answer = self.client.request(method, f"/compute/v2.1{path}", body, headers=headers)
        assert answer.status == status if status else answer.status < 300, (answer.status, answer.body)
        return json.loads(answer.body) if answer.body else None

    def refused(self, method: str, path: str, body: Any, status: int) -> str:
        """The message of a refusal with this status."""
        (error,) = self.call(method, path, body, status).values()
        assert error["code"] == status
        return str(error["message"])

    def wait(self, seconds: float = 60) -> None:
        self.client.cloud.clock.advance(seconds)

    def image(self) -> str:
        (image,) = self.client.get("/image/v2/images?name=cirros").json()["images"]
        return str(image["id"])

    def network(self, name: str = "private") -> str:
        (network,) = self.client.get(f"/network/v2.0/networks?name={name}").json()["networks"]
        return str(network["id"])

    def wanted(self, **fields: Any) -> dict[str, Any]:
        """A request for a server, less the fields given as None."""
        base = {"name": "web", "flavorRef": "1", "imageRef": self.image(), "networks": [{"uuid": self.network()}]}
        return {"server": {key: value for key, value in {**base, **fields}.items() if value is not None}}

    def boot(self, *, hints: Any = None, wait: bool = True, **fields: Any) -> Any:
        """A server as shown once it is built."""
        body = self.wanted(**fields)
        if hints:
            body["os:scheduler_hints"] = hints
        made = self.call("POST", "/servers", body, 202)["server"]
        if wait:
            self.wait()
        return self.show(made["id"])

    def show(self, id: str) -> Any:
        return self.call("GET", f"/servers/{id}")["server"]

    def act(self, server: Any, body: Any, status: int = 202) -> Any:
        return self.call("POST", f"/servers/{server['id']}/action", body, status)

    def volume(self, **fields: Any) -> Any:
        """A volume, available."""
        path = f"/volume/v3/{self.project}/volumes"
        made = self.client.post(path, {"volume": {"size": 1, **fields}}).json()["volume"]
        self.wait()
        return self.volume_now(made["id"])

    def volume_now(self, id: str) -> Any:
        return self.client.get(f"/volume/v3/{self.project}/volumes/{id}").json().get("volume")

    def ports(self, server: Any) -> Any:
        return self.client.get(f"/network/v2.0/ports?device_id={server['id']}").json()["ports"]

    @property
    def project(self) -> str:
        answer = self.client.get("/identity/v3/auth/tokens", headers={"x-subject-token": self.client.token})
        return str(answer.json()["token"]["project"]["id"])


@pytest.fixture
def nova(cloud_client: Any) -> Nova:
    """User demo, newest microversion, on a fresh cloud."""
    return Nova(cloud_client)
