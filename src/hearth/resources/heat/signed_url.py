"""Addresses of the CloudFormation API that authorise one kind of signal to one resource, and nothing else.

They are signed with the key pair of the resource's own user: whoever holds one needs no other credential, and can
change nothing of it. It ends with the user, that is with the resource, and bears no time: Keystone would let one with
a time end after some minutes, while a server may take hours until it signals.

Spec: https://docs.aws.amazon.com/general/latest/gr/signature-version-2.html; the service checks it with Keystone's
`POST /v3/ec2tokens`.
"""

import base64
import enum
import hmac
import re
from urllib.parse import quote, unquote, urlsplit

from hearth.cloud import errors
from hearth.model import names
from hearth.resources import failures
from hearth.resources.contract import AccessKey, Call, Permanent
from hearth.resources.heat import stack_user

#: The path of `stack_user.signal_url`.
_OF_THE_API = re.compile(r".*/v1/([^/]+)/stacks/([^/]+)/([^/]+)(/resources/[^/]+)/signal")
#: The service that takes the signals.
SERVICE = "cloudformation"


class Kind(enum.Enum):
    """What is sent: its step in the path and its method."""

    SIGNAL = ("signal", "POST")
    WAIT_CONDITION = ("waitcondition", "PUT")


async def create(call: Call, kind: Kind) -> str:
    """Make a key pair for the resource's user; the address. A repeat takes the former pair away."""
    base = _base(call)
    with failures.sorted_out(creating=True):
        pair = await stack_user.users_of(call).key(call.data[stack_user.USER])
    call.data |= {stack_user.ACCESS: pair.access, stack_user.SECRET: pair.secret}
    return signed(base, kind, names.StackIdentity(*_stack(call), f"/resources/{call.name}").arn(), pair)


def _base(call: Call) -> str:
    try:
        return call.cloud.endpoint(SERVICE)
    except errors.NoService as error:
        raise Permanent(
            f"it cannot be signalled by a signed URL: {error.message}; set heat_waitcondition_server_url",
            kind="NoService",
        ) from error


def signalled(address: str) -> names.StackIdentity | None:
    """The resource that an address for signals is of, whether it is signed or needs a token; None: it is none.

    Nothing says whether the address is any good: the signature is not looked at.
    """
    path = urlsplit(address).path
    before, _, arn = path.partition(f"/{Kind.SIGNAL.value[0]}/")
    if before and arn:
        return names.StackIdentity.from_arn(unquote(arn))
    found = _OF_THE_API.fullmatch(path)
    return names.StackIdentity(*map(unquote, found.groups())) if found else None


def _stack(call: Call) -> tuple[str, str, str]:
    return call.stack.project_id, call.stack.name, call.stack.id


def signed(base: str, kind: Kind, arn: str, pair: AccessKey) -> str:
    """The address for a signal to the resource of an ARN."""
    step, method = kind.value
    url = f"{base.rstrip('/')}/{step}/{quote(arn)}"
    parts = urlsplit(url)
    query = {"AWSAccessKeyId": pair.access, "SignatureMethod": "HmacSHA256", "SignatureVersion": "2"}
    canonical = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
    text = "\n".join((method, parts.netloc.lower(), unquote(parts.path), canonical))
    signature = base64.b64encode(hmac.digest(pair.secret.encode(), text.encode(), "sha256")).decode()
    return f"{url}?{canonical}&Signature={quote(signature, safe='')}"
