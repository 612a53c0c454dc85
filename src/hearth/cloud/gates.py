"""Before each service stands a gate: so many calls at a time, projects in turn, none where it had better be left alone.

Why a call is not made: the service fails for all (`hearth.cloud.breaker`), it has named a time before which this
project is not to come back (`Retry-After`), or too many further attempts were made. The caller is told by
`errors.LeftAlone` and comes again later. A service is known by its type and host, so that one region does not suffer
for another.
"""

import asyncio
import contextlib
import datetime
import logging
import time
from collections.abc import AsyncIterator

from hearth.cloud import breaker, errors, places
from hearth.telemetry import metrics

log = logging.getLogger(__name__)

#: Answers of a service that does not work; 0: none at all. Other 5xx are about the call.
_FAILURES = (0, 500, 502, 503, 504)
#: A time that a service names counts up to so many seconds.
_LONGEST_WAIT = 3600.0


class Gate:
    """The gate of one service. `most`: calls at a time."""

    def __init__(self, service: str, host: str, most: int, rules: breaker.Rules) -> None:
        self._service = service
        self._host = host
        self._places = places.Places(most)
        self._breaker = breaker.Breaker(rules)
        self._budget = breaker.Budget(rules.budget)
        self._waits: dict[str | None, float] = {}  # by project, until when

    @contextlib.asynccontextmanager
    async def passing(self, project_id: str | None, *, further: bool) -> AsyncIterator[None]:
        """Around a call, whose errors pass through. `further`: it is part of another attempt.

        Raises LeftAlone.
        """
        self._check(project_id)
        self._charge(further=further)
        metrics.CLOUD_WAITING.labels(self._service).inc()
        try:
            await self._places.acquire(project_id)
        finally:
            metrics.CLOUD_WAITING.labels(self._service).dec()
        probe = False
        try:
            self._check(project_id)  # much may have happened meanwhile
            probe = self._breaker.begun(asyncio.get_running_loop().time())
            yield
        except errors.LeftAlone:
            raise
        except errors.CloudError as error:
            self._heard(project_id, error, probe=probe)
            raise
        except BaseException:
            self._breaker.given_up(probe=probe)
            raise
        else:
            self._works()
        finally:
            self._places.release()

    def trouble(self) -> str | None:
        """What there is to tell of it; None: it works."""
        if not self._breaker.is_open:
            return None
        return f"the {self._service} service at {self._host} is left alone, as all calls fail: {self._breaker.reason}"

    def _check(self, project_id: str | None) -> None:
        now = asyncio.get_running_loop().time()
        wait = self._breaker.wait(now)
        if wait > 0:
            since = now - (self._breaker.since if self._breaker.since is not None else now)
            began = datetime.datetime.fromtimestamp(time.time() - since, datetime.UTC)
            text = f"it is left alone for a while, as all calls fail since {began:%H:%M:%S} UTC: {self._breaker.reason}"
            raise self._refusal("outage", text, wait, since)
        wait = self._waits.get(project_id, 0.0) - now
        if wait > 0:
            raise self._refusal("retry_after", f"it takes no further calls of this project for {wait:.0f} s", wait)
        self._waits.pop(project_id, None)

    def _charge(self, *, further: bool) -> None:
        wait = self._budget.further(asyncio.get_running_loop().time()) if further else self._budget.first()
        if wait > 0:
            raise self._refusal("budget", "too many calls to it were made anew after failures", wait)

    def _refusal(self, why: str, text: str, wait: float, failing_for: float = 0.0) -> errors.LeftAlone:
        metrics.CLOUD_REFUSED.labels(self._service, why).inc()
        return errors.LeftAlone(self._service, text, wait, failing_for)

    def _heard(self, project_id: str | None, error: errors.CloudError, *, probe: bool) -> None:
        now = asyncio.get_running_loop().time()
        after = getattr(error, "retry_after", 0.0)
        if after > 0:
            self._waits[project_id] = now + min(after, _LONGEST_WAIT)
        if not isinstance(error, errors.Unavailable) or error.status not in _FAILURES:
            self._works()
            return
        was_open = self._breaker.is_open
        self._breaker.failed(now, error.message, probe=probe)
        if self._breaker.is_open and not was_open:
            log.error("%s", self.trouble())
            metrics.CLOUD_LEFT_ALONE.labels(self._service).inc()

    def forget(self) -> None:
        """Count a service that is left alone no more: nobody asks here for it again."""
        if self._breaker.is_open:
            metrics.CLOUD_LEFT_ALONE.labels(self._service).dec()
        self._breaker.succeeded()

    def _works(self) -> None:
        if self._breaker.is_open:
            log.info("The %s service at %s answers again", self._service, self._host)
            metrics.CLOUD_LEFT_ALONE.labels(self._service).dec()
        self._breaker.succeeded()
