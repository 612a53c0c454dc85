"""A book of one stack in a fresh database in memory."""

import pytest
import sqlalchemy as sa
from store_rows import Book

from hearth.store import tables


@pytest.fixture
def book():
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        yield Book(connection)
    engine.dispose()
