"""Specimens of the messaging types."""

from collections.abc import Mapping

from specimens.form import (
    Request,
    Specimen,
    of,
    ref,
)

CLIENT = {"Client-ID": "3381af92-2b9e-11e3-b191-71861300734c"}
SUBSCRIPTION = "/v2/queues/heard/subscriptions/{it}"

SPECIMENS: Mapping[str, Specimen] = {
    "OS::Zaqar::Queue": Specimen(
        {"name": "specimen", "metadata": {"colour": "red", "size/kind": 1}},
        updates={"metadata": {"colour": "green", "_default_message_ttl": 60}},
        changes={
            "metadata": Request(
                "messaging",
                "PATCH",
                "/v2/queues/{it}",
                [{"op": "replace", "path": "/metadata/colour", "value": "blue"}],
                {**CLIENT, "Content-Type": "application/openstack-messaging-v2.0-json-patch"},
            )
        },
        removal=Request("messaging", "DELETE", "/v2/queues/{it}", headers=CLIENT),
    ),
    "OS::Zaqar::Subscription": Specimen(
        {"queue_name": {"get_resource": "queue"}, "subscriber": "http://there/x", "ttl": 600, "options": {"a": "b"}},
        around={"queue": of("OS::Zaqar::Queue", name="heard"), "other": of("OS::Zaqar::Queue", name="other")},
        updates={"subscriber": "http://another/x"},
        replaces={"queue_name": ref("other")},
        changes={
            "subscriber": Request("messaging", "PATCH", SUBSCRIPTION, {"subscriber": "http://elsewhere/x"}, CLIENT),
            "ttl": Request("messaging", "PATCH", SUBSCRIPTION, {"ttl": 900}, CLIENT),
            "options": Request("messaging", "PATCH", SUBSCRIPTION, {"options": {"a": "c"}}, CLIENT),
        },
        removal=Request("messaging", "DELETE", SUBSCRIPTION, headers=CLIENT),
    ),
    "OS::Zaqar::MistralTrigger": Specimen(
        {"queue_name": ref("queue"), "workflow_id": ref("workflow"), "ttl": 600},
        {
            "queue": of("OS::Zaqar::Queue", name="heard"),
            "other": of("OS::Zaqar::Queue", name="other"),
            "workflow": of("OS::Mistral::Workflow", type="direct", tasks=[{"name": "only", "action": "std.noop"}]),
        },
        updates={"input": {"word": "hello"}},
        replaces={"queue_name": ref("other")},
        changes={"ttl": Request("messaging", "PATCH", SUBSCRIPTION, {"ttl": 900}, CLIENT)},
        removal=Request("messaging", "DELETE", SUBSCRIPTION, headers=CLIENT),
    ),
}

#: Examples of types that have no specimen, for the reference.
EXAMPLES: Mapping[str, Specimen] = {
    "OS::Zaqar::SignedQueueURL": Specimen(
        {"queue": ref("queue"), "paths": ["messages"], "methods": ["GET", "POST"], "ttl": 3600},
        {"queue": of("OS::Zaqar::Queue", name="heard")},
    ),
}
