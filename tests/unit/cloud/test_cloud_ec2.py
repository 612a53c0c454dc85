"""What Keystone is told of a signed request."""

from hearth.cloud import ec2


def test_headers_are_spelled_as_keystone_looks_for_them() -> None:
    received = {"authorization": "AWS4-HMAC-SHA256 ...", "x-amz-date": "20260101T000000Z", "host": "h:8000"}
    request = ec2.SignedRequest("key", "signature", "POST", "h:8000", "/v1/", {"Action": "ListStacks"}, received, "00")
    assert request.to_wire()["headers"] == {
        "Authorization": "AWS4-HMAC-SHA256 ...",
        "X-Amz-Date": "20260101T000000Z",
        "Host": "h:8000",
    }
