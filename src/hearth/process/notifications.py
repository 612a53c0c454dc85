"""Whether and how notifications are sent, and those of the cloud heard, as the configuration says.

Asked by `hearth.process.orchestration`.
"""

import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from oslo_config import cfg

from hearth.bus import addresses
from hearth.cloud import config
from hearth.engine import relaying
from hearth.process import broker


class Listener(Protocol):
    """Hears what the cloud's services publish."""

    def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End."""


_DRIVERS = ("messagingv2", "messaging")


def driver(conf: cfg.ConfigOpts) -> str | None:
    """How notifications are sent; None: they are not."""
    drivers = [one for one in conf.oslo_messaging_notifications.driver if one not in ("", "noop")]
    for one in drivers:
        if one not in _DRIVERS:
            raise config.ConfigError(
                f"[oslo_messaging_notifications] driver: {one} is none of {', '.join(_DRIVERS)}, noop"
            )
    return drivers[0] if drivers else None


def sender(conf: cfg.ConfigOpts) -> relaying.Sender | None:
    """What brings notifications to a broker, if they are wanted.

    Raises:
        config.ConfigError: the configuration says no broker, or one that cannot be used.
    """
    chosen, section = driver(conf), conf.oslo_messaging_notifications
    if chosen is None:
        return None
    url = section.transport_url or conf.transport_url
    if addresses.is_in_memory(url):
        raise config.ConfigError("[oslo_messaging_notifications] driver needs transport_url, there or in [DEFAULT]")
    with broker.configured("oslo_messaging_notifications"):
        from hearth.bus import notifications

        rules = notifications.Rules(
            url,
            conf.default_publisher_id or f"orchestration.{conf.host or socket.gethostname()}",
            conf.control_exchange,
            tuple(section.topics),
            enveloped=chosen == "messagingv2",
            durable=conf.oslo_messaging_rabbit.amqp_durable_queues,
            quorum=conf.oslo_messaging_rabbit.rabbit_quorum_queue,
            tls=broker.tls(conf),
        )
        return notifications.RabbitSender(rules)


def listeners(conf: cfg.ConfigOpts, name: str, heard: Callable[[frozenset[str]], None]) -> Sequence[Listener]:
    """What hears the cloud's notifications, if that is wanted. `name`: of the engine that does.

    Raises:
        config.ConfigError: a broker's address cannot be used.
    """
    section = conf.cloud_notifications
    if not section.transport_url:
        return ()
    with broker.configured("cloud_notifications"):
        from hearth.bus import hearing

        tls = broker.tls(conf)
        rules = [hearing.Rules(url, section.exchanges, section.topics, tls=tls) for url in section.transport_url]
        return [hearing.RabbitListener(one, name, heard) for one in rules]
