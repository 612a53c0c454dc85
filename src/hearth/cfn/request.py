"""One request as its signature covers it: parameters, who signed, what came with it. Reading only; no judgement.

Signatures of the versions 0 to 2 are a parameter `Signature`; those of version 4 are a parameter `X-Amz-Signature` or a
part of the header `Authorization`.
"""

import dataclasses
import hashlib
import re
import zlib
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from hearth.cfn import problems
from hearth.cloud import ec2
from hearth.model import errors

_HEADER_PART = re.compile(r"(Credential|Signature)=([^,\s]+)")
_FORM = "application/x-www-form-urlencoded"
#: What zlib takes for gzip, whose header it then reads.
_GZIP = 16 + zlib.MAX_WBITS


@dataclasses.dataclass(frozen=True, slots=True)
class CfnRequest:
    """A request. `path`: as it was sent, %-encoded, with the mount point before it; `params`: of query and form."""

    method: str
    host: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def wants_json(self) -> bool:
        """Whether the answer is to be JSON."""
        return self.params.get("ContentType") == "JSON"

    def signed(self) -> ec2.SignedRequest:
        """What is to be checked.

        Where the digest of a form is signed, the form itself stays here: it may be long, and hold secrets.

        Raises:
            problems.Problem: it is not signed.
        """
        inside = dict(_HEADER_PART.findall(self.headers.get("authorization", "")))
        signature = self.params.get("Signature") or self.params.get("X-Amz-Signature") or inside.get("Signature")
        if not signature:
            raise problems.Problem("IncompleteSignature", "The request is not signed.")
        credential = self.params.get("X-Amz-Credential") or inside.get("Credential") or ""
        access = self.params.get("AWSAccessKeyId") or credential.partition("/")[0]
        if not access:
            raise problems.Problem("MissingAuthenticationToken", "The request does not name the key it is signed with.")
        digested = self.method == "POST" and signature == inside.get("Signature")
        params = {} if digested else {name: value for name, value in self.params.items() if name != "Signature"}
        return ec2.SignedRequest(
            access=access,
            signature=signature,
            method=self.method,
            host=self.host,
            path=unquote(self.path),
            params=params,
            headers=self.headers,
            body_hash=hashlib.sha256(self.body).hexdigest(),
        )


async def read(request: Request, limit: int, *, form: bool) -> CfnRequest:
    """Read a request; `form`: a POSTed form, which AWS clients compress when it is long, is part of the parameters.

    Raises:
        errors.LimitExceeded: the body is longer than `limit` bytes, as it was sent or unpacked.
        problems.Problem: the form is compressed in a way that is not taken, or damaged.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_long(limit)
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if form and request.headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        text = _unpacked(body, request.headers.get("content-encoding", ""), limit)
        pairs += parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True)
    return CfnRequest(
        method=request.method,
        host=request.headers.get("host", ""),
        path=request.scope["raw_path"].decode("latin-1").partition("?")[0],
        params=dict(pairs),
        headers=dict(request.headers),
        body=body,
    )


def _unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise problems.Problem("InvalidParameterValue", f"Content-Encoding {encoding!r} is not taken; gzip is.")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        text = unpacker.decompress(body, limit + 1)  # no more, whatever the body would come to
    except zlib.error as error:
        raise problems.Problem("InvalidParameterValue", f"The request body is no gzip: {error}") from error
    if len(text) > limit:
        raise _too_long(limit)
    if not unpacker.eof:
        raise problems.Problem("InvalidParameterValue", "The request body is no whole gzip: its end is missing.")
    return text


def _too_long(limit: int) -> errors.LimitExceeded:
    return errors.LimitExceeded(f"The request body is larger than the {limit} bytes allowed (max_json_body_size).")
