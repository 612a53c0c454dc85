"""The embedded cloud as one ASGI application: all services behind one port, told apart by the first part of the path.

`open_cloud` opens the state and builds the services; `create_app` makes the application around it. Sockets,
processes and the orchestration API are somebody else's.
"""

import pathlib

from starlette.types import ASGIApp

from hearth.localcloud import (
    admin,
    aodh,
    barbican,
    blazar,
    cinder,
    designate,
    glance,
    ironic,
    keystone,
    magnum,
    manila,
    mistral,
    neutron,
    nova,
    octavia,
    swift,
    trove,
    zaqar,
    zun,
)
from hearth.localcloud.core import asgi, service
from hearth.localcloud.core.cloud import Cloud, Settings

#: Keystone comes first: what the others seed belongs to its projects and users.
SERVICES: tuple[type[service.Service], ...] = (
    keystone.SERVICE,
    glance.SERVICE,
    swift.SERVICE,
    neutron.SERVICE,
    cinder.SERVICE,
    nova.SERVICE,
    barbican.SERVICE,
    zaqar.SERVICE,
    octavia.SERVICE,
    designate.SERVICE,
    aodh.METRICS,
    aodh.SERVICE,
    trove.SERVICE,
    zun.SERVICE,
    blazar.SERVICE,
    ironic.SERVICE,
    magnum.SERVICE,
    mistral.SERVICE,
    manila.SERVICE,
    admin.SERVICE,
)


def open_cloud(data_dir: pathlib.Path | None, settings: Settings, base_url: str) -> Cloud:
    """Open the cloud kept in a folder (None: a fresh one in memory), seeded. Close it by `close()`.

    `base_url`: where clients reach the application, "http://127.0.0.1:8080"; links and the catalog begin with it.
    """
    cloud = Cloud(data_dir, settings, base_url)
    cloud.build(SERVICES)
    return cloud


def create_app(cloud: Cloud) -> ASGIApp:
    """The application that serves a cloud."""
    return asgi.Dispatcher(cloud)
