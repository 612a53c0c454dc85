"""The process's log: where it goes and what a line holds, as the operator's oslo.log options say.

Every line names the request for whose sake it was written, its own and that of all services, and who made it: they
come from the trail that is followed (`hearth.telemetry.trail`), so nobody who logs has to say so. Called once by the
process's entry point.
"""

import logging
import sys
from typing import Any

from oslo_config import cfg
from oslo_log import log as oslo_log

from hearth.telemetry import trail

#: Libraries that say too much, besides those that oslo.log knows. What the broker's and the databases' tell with a
#: traceback whenever a connection is lost, we tell ourselves, in words.
_TALKATIVE = ("aiohttp", "aiosqlite", "alembic", "asyncio", "concurrent", "urllib3", "uvicorn")
_QUIET = {
    **dict.fromkeys(_TALKATIVE, logging.WARNING),
    **dict.fromkeys(("aio_pika", "aiormq", "sqlalchemy.pool"), logging.CRITICAL),
    "psycopg": logging.ERROR,
}
#: As oslo.db reads `[database] connection_debug`.
_SHOWS_STATEMENTS = 50
_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def to_stderr() -> None:
    """Send the log to standard error: of a process without a configuration, and until it is read."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_PLAIN)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def setup(conf: cfg.ConfigOpts) -> None:
    """Send the log where the configuration says; to standard error when it names nothing.

    Raises:
        OSError: a file of it cannot be written.
    """
    elsewhere = (conf.log_file, conf.log_dir, conf.use_syslog, conf.use_journal, conf.log_config_append)
    if not any(elsewhere):
        conf.set_default("use_stderr", True)
    oslo_log.setup(conf, "hearth", fix_eventlet=False)
    set_apart = {pair.partition("=")[0] for pair in conf.default_log_levels}
    for name, level in _QUIET.items():
        if name not in set_apart and not conf.log_config_append:
            logging.getLogger(name).setLevel(level)
    if conf.database.connection_debug >= _SHOWS_STATEMENTS and "sqlalchemy.engine" not in set_apart:
        # Never below: at DEBUG the library shows rows, which hold what users keep secret.
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    logging.setLogRecordFactory(_stamped)


def _stamped(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A line that knows whose request it is about. Made where it is written: handlers may run anywhere."""
    record = logging.LogRecord(*args, **kwargs)
    followed = trail.current()
    if followed is not None:
        # The names are those of oslo.context, which format strings of operators refer to.
        record.context = {
            "request_id": followed.request_id,
            "global_request_id": followed.global_id,
            "user": followed.user_id,
            "user_id": followed.user_id,
            "project": followed.project_id,
            "project_id": followed.project_id,
            "tenant": followed.project_id,
            "user_identity": f"{followed.user_id or '-'} {followed.project_id or '-'}",
        }
    return record
