"""Tokens of the users who began what is going on, beside what they have delegated; kept no longer than that goes on."""

from typing import Any

import sqlalchemy as sa

from hearth.model.states import Status
from hearth.store import tables
from hearth.store.codec import Codec

_t = tables.lent_token
_s = tables.stack
_INSERT = _t.insert()
_OF = sa.select(_t.c.token).where(_t.c.credential_id == sa.bindparam("credential"), _t.c.ends_at > sa.bindparam("now"))
_FORGET = _t.delete().where(_t.c.credential_id == sa.bindparam("credential"))
_AT_WORK = sa.exists().where(
    _s.c.credential_id == _t.c.credential_id, _s.c.status == Status.IN_PROGRESS, _s.c.live_name.is_not(None)
)
_FORGET_IDLE = _t.delete().where(
    sa.or_(_t.c.ends_at <= sa.bindparam("now"), sa.and_(_t.c.lent_at < sa.bindparam("before"), ~_AT_WORK))
)


def put(connection: sa.Connection, codec: Codec, credential_id: str, token: str, now: float, ends_at: float) -> None:
    """Keep a token, encrypted, in the place of an older one. Times are epoch seconds."""
    forget(connection, credential_id)
    values = {"credential_id": credential_id, "token": codec.sealed(token), "lent_at": now, "ends_at": ends_at}
    connection.execute(_INSERT, values)


def of(connection: sa.Connection, codec: Codec, credential_id: str, now: float) -> Any:
    """The token beside a credential, as long as it is good; None without one."""
    return codec.read(connection.execute(_OF, {"credential": credential_id, "now": now}).scalar())


def forget(connection: sa.Connection, credential_id: str) -> None:
    """Keep the token beside a credential no longer."""
    connection.execute(_FORGET, {"credential": credential_id})


def forget_idle(connection: sa.Connection, now: float, before: float) -> None:
    """Keep none that has ended, and none of those lent before a moment where nothing goes on any more."""
    connection.execute(_FORGET_IDLE, {"now": now, "before": before})
