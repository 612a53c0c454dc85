"""How the configured message broker is reached, and what is told when it cannot be; for wake-ups and notifications."""

import contextlib
import ssl
from collections.abc import Iterator

from oslo_config import cfg

from hearth.bus import addresses
from hearth.cloud import config


def tls(conf: cfg.ConfigOpts) -> ssl.SSLContext | None:
    """How to speak TLS with the broker; None: as its URL says.

    Raises:
        config.ConfigError: the certificates cannot be used.
    """
    section = conf.oslo_messaging_rabbit
    if not section.ssl:
        return None
    try:
        context = ssl.create_default_context(cafile=section.ssl_ca_file)
        if section.ssl_cert_file:
            context.load_cert_chain(section.ssl_cert_file, section.ssl_key_file)
    except OSError as error:
        names = ", ".join(one for one in (section.ssl_ca_file, section.ssl_cert_file, section.ssl_key_file) if one)
        raise config.ConfigError(f"[oslo_messaging_rabbit] the certificates {names} cannot be used: {error}") from error
    return context


@contextlib.contextmanager
def configured(section: str) -> Iterator[None]:
    """Around importing a broker's driver, which only some deployments have, and giving it the address.

    Raises:
        config.ConfigError: the driver is not installed, or the address cannot be used.
    """
    try:
        yield
    except addresses.BadAddress as error:
        raise config.ConfigError(f"[{section}] {error}") from None
    except ModuleNotFoundError as error:
        raise config.ConfigError(
            f"[{section}] transport_url names a broker, but {error.name} is not installed: "
            "pip install 'hearth[rabbitmq]'"
        ) from None
