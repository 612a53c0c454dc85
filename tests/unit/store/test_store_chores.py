"""What engines look for every second must not depend on how many stacks there are."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from hearth.store import chores, tables

#: Tables that grow with what users have; engines and holds are few.
_GROWING = {"stack", "traversal", "node", "snapshot", "resource"}


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_a_look_goes_through_no_table_that_grows(is_analyzed: bool) -> None:
    engine = sa.create_engine("sqlite://")
    asked: list[tuple[str, Any]] = []
    with engine.connect() as connection:
        tables.metadata.create_all(connection)
        if is_analyzed:
            connection.exec_driver_sql("ANALYZE")
        sa.event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        chores.look(connection, 100.0)
        ((statement, values),) = asked
        plan = [str(row.detail) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    scanned = {found[1] for one in plan if (found := re.match(r"SCAN (\w+)", one))}
    assert scanned & _GROWING == set(), plan
