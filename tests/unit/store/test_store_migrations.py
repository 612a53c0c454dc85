"""The migrations make the schema that the queries are written for, and can be run again."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet

from hearth.store import open_store, tables


def test_migrations_lead_to_the_declared_tables(tmp_path):
    url = f"sqlite:///{tmp_path}/store.sqlite"
    open_store(url, [Fernet.generate_key()]).close()
    open_store(url, [Fernet.generate_key()]).close()
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()
