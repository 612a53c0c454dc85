"""A life in Barbican: secrets with a payload and without, what they hold, who may see it."""

from conformance_stage import Stage

UNKNOWN = "11111111-2222-3333-4444-555555555555"
TEXT = {"Accept": "text/plain"}


def live(stage: Stage) -> None:
    """Run it."""
    made = stage.api("secret", "POST key-manager /v1/secrets",
                     {"name": "cf-secret", "payload": '{"a": 1}', "payload_content_type": "text/plain"})  # fmt: skip
    path = "/v1/secrets/" + made.json()["secret_ref"].rpartition("/")[2]
    stage.api("shown", f"GET key-manager {path}")
    stage.api("payload", f"GET key-manager {path}/payload", headers=TEXT)
    stage.api("payload as bytes", f"GET key-manager {path}/payload", headers={"Accept": "application/octet-stream"})
    stage.api("payload as JSON", f"GET key-manager {path}/payload")
    stage.api("payload of another project", f"GET key-manager {path}/payload", headers=TEXT, admin=True)
    stage.api("filled again", f"PUT key-manager {path}", data=b"more", headers={"Content-Type": "text/plain"})
    empty = stage.api("empty secret", "POST key-manager /v1/secrets", EMPTY)
    other = "/v1/secrets/" + empty.json()["secret_ref"].rpartition("/")[2]
    stage.api("empty shown", f"GET key-manager {other}")
    stage.api("no payload", f"GET key-manager {other}/payload", headers=TEXT)
    stage.api("filled with JSON", f"PUT key-manager {other}", {"a": 1})
    stage.api("filled", f"PUT key-manager {other}", data=b"late", headers={"Content-Type": "text/plain"})
    stage.api("payload of the filled", f"GET key-manager {other}/payload", headers=TEXT)
    stage.api("list", "GET key-manager /v1/secrets")
    stage.api("list by name", "GET key-manager /v1/secrets?name=cf-secret")
    stage.api("first page", "GET key-manager /v1/secrets?limit=1&offset=0")
    stage.api("second page", "GET key-manager /v1/secrets?limit=1&offset=1")
    for label, body in REFUSED.items():
        stage.api(label, "POST key-manager /v1/secrets", body)
    stage.api("delete", f"DELETE key-manager {path}")
    stage.api("delete the other", f"DELETE key-manager {other}")
    stage.api("delete again", f"DELETE key-manager {path}")
    stage.api("deleted", f"GET key-manager {path}")
    stage.api("payload of the deleted", f"GET key-manager {path}/payload", headers=TEXT)


EMPTY = {
    "name": "cf-empty",
    "secret_type": "passphrase",
    "algorithm": "aes",
    "bit_length": 256,
    "mode": "cbc",
    "expiration": "2100-01-01T00:00:00",
}
REFUSED = {
    "payload without type": {"payload": "x"},
    "empty payload": {"payload": "", "payload_content_type": "text/plain"},
    "number as payload": {"payload": 5, "payload_content_type": "text/plain"},
    "unknown type": {"secret_type": "unknown"},
    "expired": {"expiration": "2020-01-01T00:00:00"},
    "a list": [],
}
