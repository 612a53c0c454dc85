"""Is this request signed with this secret? EC2 signatures, versions 0, 1, 2 and 4, from the parts a client reports.

Pure functions; ec2.py asks. Spec: https://docs.aws.amazon.com/general/latest/gr/signature-version-2.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

_SAFE = "-_.~"


def matches(secret: str, reported: Mapping[str, Any]) -> bool:
    """Does the signature fit? `reported`: signature, host, verb, path, params, headers, body_hash.

    A port in the host is tried without as well: some clients sign it, some do not.
    """
    signature = str(reported.get("signature") or "")
    host = str(reported.get("host") or "")
    hosts = dict.fromkeys((host, host.partition(":")[0]))
    return any(
        hmac.compare_digest(signature.encode(), made.encode())
        for made in (_made(secret, reported, each) for each in hosts)
        if made
    )


def _made(secret: str, reported: Mapping[str, Any], host: str) -> str | None:
    params = _texts(reported.get("params"))
    headers = {name.lower(): value for name, value in _texts(reported.get("headers")).items()}
    version = params.get("SignatureVersion")
    key = secret.encode()
    if version == "0":
        return _base64(key, (params.get("Action", "") + params.get("Timestamp", "")).encode(), "sha1")
    if version == "1":
        text = "".join(name + params[name] for name in sorted(params, key=str.lower))
        return _base64(key, text.encode(), "sha1")
    if version == "2":
        return version_2(key, reported, host, params)
    if "X-Amz-Algorithm" in params or headers.get("authorization", "").startswith("AWS4-HMAC-SHA256"):
        return version_4(key, reported, host, params, headers)
    return None


def version_2(key: bytes, reported: Mapping[str, Any], host: str, params: Mapping[str, str]) -> str:
    """Signature of a query's sorted parameters."""
    signed = {name: value for name, value in params.items() if name != "Signature"}
    query = "&".join(f"{quote(name, safe=_SAFE)}={quote(signed[name], safe=_SAFE)}" for name in sorted(signed))
    text = "\n".join((str(reported.get("verb")), host.lower(), str(reported.get("path")), query))
    algorithm = "sha256" if params.get("SignatureMethod", "HmacSHA256") == "HmacSHA256" else "sha1"
    return _base64(key, text.encode(), algorithm)


def version_4(
    key: bytes,
    reported: Mapping[str, Any],
    host: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
) -> str | None:
    """Signature of the canonical request, by headers or by query parameters."""
    authorization = headers.get("authorization", "")
    if authorization:
        pieces = dict(
            piece.strip().split("=", 1) for piece in authorization.partition(" ")[2].split(",") if "=" in piece
        )
        credential, names = pieces.get("Credential", ""), pieces.get("SignedHeaders", "")
    else:
        credential, names = params.get("X-Amz-Credential", ""), params.get("X-Amz-SignedHeaders", "")
    scope = credential.split("/")[1:]
    if len(scope) != 4:
        return None
    signed = {name: value for name, value in params.items() if name != "X-Amz-Signature"}
    query = "&".join(f"{quote(name, safe=_SAFE)}={quote(signed[name], safe=_SAFE)}" for name in sorted(signed))
    if str(reported.get("verb")) == "POST" and authorization:
        # The parameters of a signed POST are in its body, which has its own digest.
        query = ""
    values = {**headers, "host": host}
    lines = "".join(f"{name}:{' '.join(values.get(name, '').split())}\n" for name in names.split(";"))
    body_hash = str(reported.get("body_hash") or headers.get("x-amz-content-sha256") or hashlib.sha256(b"").hexdigest())
    path = quote(str(reported.get("path") or "/"), safe="/" + _SAFE)
    request = "\n".join((str(reported.get("verb")), path, query, lines, names, body_hash))
    date = headers.get("x-amz-date") or params.get("X-Amz-Date", "")
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", date, "/".join(scope), digest))
    signing = b"AWS4" + key
    for part in scope:
        signing = hmac.digest(signing, part.encode(), "sha256")
    return hmac.new(signing, text.encode(), "sha256").hexdigest()


def _texts(given: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _base64(key: bytes, text: bytes, algorithm: str) -> str:
    return base64.b64encode(hmac.digest(key, text, algorithm)).decode()
