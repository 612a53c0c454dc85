"""What of a signed request is given to Keystone to be checked."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from hearth.cfn import request as requests

FORM = urlencode({"Action": "CreateStack", "Parameters.member.1.ParameterValue": "a secret"}).encode()


def posted(query: str = "", **headers: str) -> Request:
    given = {"host": "h", "content-type": "application/x-www-form-urlencoded", **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/",
        "raw_path": b"/v1/",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": FORM, "more_body": False}

    return Request(scope, receive)


async def test_a_form_whose_digest_is_signed_is_not_given_away() -> None:
    signed = "AWS4-HMAC-SHA256 Credential=key/20260101/r/s/aws4_request, SignedHeaders=host, Signature=abc"
    read = await requests.read(posted(authorization=signed), 1000, form=True)
    assert read.params["Action"] == "CreateStack"
    told = str(read.signed().to_wire())
    assert "a secret" not in told
    assert read.signed().signature == "abc"


async def test_a_form_that_is_signed_itself_is_given_whole() -> None:
    read = await requests.read(posted("AWSAccessKeyId=key&SignatureVersion=2&Signature=abc"), 1000, form=True)
    assert read.signed().params["Parameters.member.1.ParameterValue"] == "a secret"
