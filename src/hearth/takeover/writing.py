"""Stores a translated tree: one transaction, all of it or nothing. A repeat finds the stack there."""

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from hearth.engine import definitions
from hearth.store import events, resources, snapshots, software, stacks
from hearth.store.codec import Codec
from hearth.store.rows import EventRow
from hearth.takeover.translation import Taken


def is_there(connection: sa.Connection, stack_id: str) -> bool:
    """Whether a stack was taken over before (or deleted since)."""
    return stacks.by_id(connection, stack_id) is not None


def store(connection: sa.Connection, codec: Codec, taken: Taken, told: Callable[[], Iterable[list[EventRow]]]) -> int:
    """Store a tree; how many events it has. `told`: its events in batches, as often as it is asked.

    Raises:
        StackExists: another live stack has the name.
        quotas.NoRoom: the project has no room for something that comes along.
    """
    for credential_id, (credential, at) in taken.credentials.items():
        stacks.insert_credential(connection, codec, credential_id, credential, at)
    for row in taken.stacks:
        stacks.insert(connection, row)
    for one in taken.definitions:
        definitions.put(
            connection, codec, one.id, one.stack_id, one.material, one.at, secret=one.secret, generated=one.nested
        )
    for rows, secret in taken.resources:
        resources.insert(connection, codec, rows, secret=secret)
    for write in taken.writes:
        write(connection)
    for config in taken.configs:
        software.put_config(connection, codec, config)
    for deployment in taken.deployments:
        software.take_deployment(connection, codec, deployment)
    for snapshot in taken.snapshots:
        snapshots.insert(connection, codec, snapshot)
    count = 0
    for batch in told():
        events.insert(connection, codec, batch)
        count += len(batch)
    return count


def store_software(
    connection: sa.Connection,
    codec: Codec,
    configs: Sequence[software.ConfigRow],
    deployments: Sequence[software.DeploymentRow],
) -> int:
    """Store software configs and deployments that are not there; how many configs came."""
    came = 0
    for config in configs:
        if software.config(connection, codec, config.id) is None:
            software.put_config(connection, codec, config)
            came += 1
    for deployment in deployments:
        software.take_deployment(connection, codec, deployment)
    return came
