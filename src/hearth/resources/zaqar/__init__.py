"""Types of the messaging service."""

from hearth.resources.zaqar import queue, signed_url, subscription

TYPES = (
    queue.Queue,
    signed_url.SignedQueueURL,
    subscription.MistralTrigger,
    subscription.Subscription,
)
