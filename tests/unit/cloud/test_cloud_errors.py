"""What a service says in its error body is what people read, whatever form the body has."""

import pytest

from hearth.cloud import errors

MESSAGES = [
    ("neutron", b'{"NeutronError": {"type": "Gone", "message": "No network x.", "detail": ""}}', "No network x."),
    ("neutron, old", b'{"NeutronError": "No network x."}', "No network x."),
    ("nova", b'{"itemNotFound": {"code": 404, "message": "Instance x is not there."}}', "Instance x is not there."),
    ("keystone", b'{"error": {"code": 403, "title": "Forbidden", "message": "Not for you."}}', "Not for you."),
    ("heat", b'{"code": 400, "title": "Bad Request", "explanation": "E", "error": {"message": "Wrong."}}', "Wrong."),
    ("placement", b'{"errors": [{"status": 400, "title": "Bad", "detail": "One."}, {"detail": "Two."}]}', "One.; Two."),
    ("octavia", b'{"faultcode": "Client", "faultstring": "No pool.", "debuginfo": null}', "No pool."),
    ("ironic", b'{"error_message": "{\\"faultstring\\": \\"No node.\\"}"}', "No node."),
    ("barbican", b'{"title": "Not Found", "description": "No secret.", "code": 404}', "No secret."),
    ("webob", b'{"message": "The server is gone.<br /><br />\\n\\n\\n", "code": "404 Not Found", "title": "Not Found"}',
     "The server is gone."),
    ("glance", b"<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>\nNo image &lt;x&gt;"
     b"<br /><br />\n</body></html>", "No image <x>"),
    ("swift", b"<html><h1>Not Found</h1><p>The object is not there.</p></html>", "The object is not there."),
    ("title only", b"<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
    ("plain text", b"  no\n  way ", "no way"),
    ("broken JSON", b'{"a', '{"a'),
    ("empty", b"", ""),
    ("not UTF-8", b"\xff!", "\ufffd!"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "raw", "message"), MESSAGES, ids=[row[0] for row in MESSAGES])
def test_message(name: str, raw: bytes, message: str) -> None:
    assert errors.message_of(raw) == message


KINDS = [
    ("POST", 400, errors.BadRequest),
    ("GET", 401, errors.Unauthorized),
    ("GET", 403, errors.Forbidden),
    ("GET", 404, errors.NotFound),
    ("GET", 410, errors.NotFound),
    ("POST", 409, errors.Conflict),
    ("POST", 413, errors.CloudError),
    ("POST", 429, errors.TooMany),
    ("POST", 503, errors.Unavailable),
]


@pytest.mark.parametrize(("method", "status", "kind"), KINDS)
def test_kind_follows_the_status(method: str, status: int, kind: type[errors.CloudError]) -> None:
    error = errors.from_answer("network", method, status, b"no", {}, "req-1")
    assert type(error) is kind
    assert str(error) == f"network: no (HTTP {status}) (Request-ID: req-1)"


def test_a_service_says_when_to_come_back() -> None:
    error = errors.from_answer("compute", "POST", 413, b"", {"Retry-After": "7"}, None)
    assert isinstance(error, errors.TooMany)
    assert error.retry_after == 7


@pytest.mark.parametrize(("method", "maybe_done"), [("GET", False), ("POST", True), ("DELETE", True)])
def test_only_what_changes_something_may_have_been_done(method: str, maybe_done: bool) -> None:
    error = errors.from_answer("compute", method, 500, b"", {}, None)
    assert isinstance(error, errors.Unavailable)
    assert error.maybe_done is maybe_done
