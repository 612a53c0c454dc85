"""Tells two kinds of `CancelledError` apart: that of a task which is to end, and that of something a task waited for.

A library whose connection goes may answer with the second kind. Who takes it for an order to end leaves its work lying,
without a word. Used at the borders of tasks.
"""

import asyncio


def heed(error: BaseException) -> None:
    """Raise a `CancelledError` again by which the task that caught it is to end; return for every other failure."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
        raise error


def end_if_told() -> None:
    """Raise a `CancelledError` if the task was told to end, and whatever it waited for then has kept that to itself."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
