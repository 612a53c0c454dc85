"""A book of one stack in an empty database of every kind."""

import pytest
from store_rows import Book

from hearth.store import databases


@pytest.fixture
def book(every_database_url):
    engine = databases.open_engine(every_database_url, writes=True, pool_size=1)
    with engine.begin() as connection:
        yield Book(connection)
    engine.dispose()
