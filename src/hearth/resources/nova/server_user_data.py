"""The text that a server gets for its first start: what the template says, and what goes with it for cloud-init.

    RAW               the template's text as it is
    SOFTWARE_CONFIG   one text of many parts: those of the template, and what the agent must know to ask for more
    HEAT_CFNTOOLS     the same with the template's text as a script that is run and logged, and with the files by
                      which the cfn tools in the server find the CloudFormation API

Parts of the type `text/x-cfninitdata` are files; a handler among the parts stores them where agents and tools look.
Pure: texts in, a text out. Used by `server` and `server_steps`.

Spec: https://docs.openstack.org/heat/latest/template_guide/openstack.html#OS::Nova::Server and
https://cloudinit.readthedocs.io/en/latest/explanation/format.html
"""

import email
import json
from collections.abc import Iterable, Mapping
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any, Final
from urllib.parse import urlsplit

RAW: Final = "RAW"
SOFTWARE_CONFIG: Final = "SOFTWARE_CONFIG"
CFNTOOLS: Final = "HEAT_CFNTOOLS"
FORMATS: Final = (CFNTOOLS, RAW, SOFTWARE_CONFIG)

_FILE = "x-cfninitdata"

_SETTINGS = """\
#cloud-config
output:
  all: '| tee -a /var/log/cloud-init-output.log'
"""

_BOOTHOOK = """\
#!/bin/sh
# Images with the cfn tools in a package may lack their links in /opt/aws/bin.
command -v cfn-create-aws-symlinks >/dev/null 2>&1 && cfn-create-aws-symlinks
exit 0
"""

_HANDLER = '''\
#part-handler
"""Stores parts that are files where the cfn tools and agents look for them."""
import os

FOLDERS = ("/var/lib/heat-cfntools", "/var/lib/cloud/data")


def list_types():
    return ["text/x-cfninitdata"]


def handle_part(data, ctype, filename, payload):
    if ctype in ("__begin__", "__end__"):
        return
    if isinstance(payload, str):
        payload = payload.encode("utf-8")
    for folder in FOLDERS:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o700)
        path = os.path.join(folder, os.path.basename(filename))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stored:
            stored.write(payload)
'''

_RUNNER = """\
#!/bin/sh
# Runs the user data of the template once, and notes what it prints and that it is done.
folder=/var/lib/heat-cfntools
log=/var/log/heat-provision.log
umask 077
echo "$(date -u) user data begins" >>"$log"
if [ -s "$folder/cfn-userdata" ]; then
    chmod 700 "$folder/cfn-userdata"
    "$folder/cfn-userdata" >>"$log" 2>&1
    status=$?
else
    status=0
fi
echo "$(date -u) user data ended with exit status $status" >>"$log"
touch "$folder/provision-finished"
exit "$status"
"""


def built(form: str, text: str, metadata: Mapping[str, Any], api: str | None = None, watch: str | None = None) -> str:
    """The text for a server.

    Args:
        form: one of `FORMATS`.
        text: what the template says.
        metadata: of the server's resource.
        api: the CloudFormation API as servers reach it; None: not known.
        watch: the CloudWatch API likewise.
    """
    if form == RAW:
        return text
    parts: list[Message] = [
        _part(_SETTINGS, "cloud-config", "cloud-config"),
        _part(_BOOTHOOK, "boothook.sh", "cloud-boothook"),
        _part(_HANDLER, "part-handler.py", "part-handler"),
    ]
    if form == CFNTOOLS:
        parts += [_part(text, "cfn-userdata", _FILE), _part(_RUNNER, "loguserdata.py", "x-shellscript")]
    else:
        parts += _given(text)
    if metadata:
        parts.append(_part(json.dumps(metadata), "cfn-init-data", _FILE))
    if form == CFNTOOLS and api is not None:
        parts += [_part(api, "cfn-metadata-server", _FILE), _part(_boto(api, watch), "cfn-boto-cfg", _FILE)]
        if watch is not None:
            parts.append(_part(watch, "cfn-watch-server", _FILE))
    whole = MIMEMultipart(_subparts=parts)
    return whole.as_string()


def _part(text: str, name: str | None, kind: str) -> Message:
    part = MIMEText(text, kind, "us-ascii" if text.isascii() else "utf-8")
    if name is not None:
        part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _given(text: str) -> Iterable[Message]:
    """The template's text as parts: those that it is made of, if it is of many."""
    whole = email.message_from_string(text)
    parts = whole.get_payload()
    if whole.is_multipart() and isinstance(parts, list):
        return [one for one in parts if isinstance(one, Message)]
    return [_part(text, None, "plain")]


def _boto(api: str, watch: str | None) -> str:
    parts = urlsplit(api)
    lines = [
        "[Boto]",
        "debug = 0",
        f"is_secure = {int(parts.scheme == 'https')}",
        "https_validate_certificates = 1",
        "cfn_region_name = heat",
        f"cfn_region_endpoint = {parts.hostname}",
    ]
    if watch is not None:
        lines += ["cloudwatch_region_name = heat", f"cloudwatch_region_endpoint = {urlsplit(watch).hostname}"]
    return "\n".join(lines)
