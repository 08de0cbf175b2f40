"""Export jobs in Redis: one JSON row each, and one sorted set of when each is due. All keys share one hash slot.

Every change reads the row, applies a pure function of `Job` and writes it back only if nobody else wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from shared.contracts.export_jobs import Job, Order
from shared.export_ports import JobsError

_DUE = "siep:{exports}:due"
_SECONDS_MAX = 5
Change = Callable[[Job | None], Job | None]


class RedisExportJobs:
    """See shared.ports.ExportJobs."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @classmethod
    def connect(cls, address: str) -> RedisExportJobs:
        """Jobs at this address; nothing is opened until the first call."""
        retry = Retry(ExponentialBackoff(), 3)
        return cls(Redis.from_url(address, socket_timeout=_SECONDS_MAX, retry=retry))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def order(self, order: Order, now: datetime) -> Job:
        """See shared.ports.ExportJobs."""
        _, after = self._change(order.key(), lambda job: Job.ordered(order, now, job))
        assert after is not None
        return after

    def read(self, job_id: str) -> Job | None:
        """See shared.ports.ExportJobs."""
        try:
            return _job(self._redis.get(_key(job_id)))
        except RedisError as error:
            raise JobsError(str(error)) from error

    def cancel(self, job_id: str, now: datetime) -> Job | None:
        """See shared.ports.ExportJobs."""
        return self._change(job_id, lambda job: job and job.cancelled(now))[1]

    def take(self, job_id: str, owner: str, now: datetime) -> Job | None:
        """See shared.ports.ExportJobs."""
        _, after = self._change(job_id, lambda job: job and job.taken(owner, now))
        return after if after is not None and after.held_by(owner) else None

    def change(self, job_id: str, owner: str, change: Callable[[Job], Job]) -> bool:
        """See shared.ports.ExportJobs."""
        before, _ = self._change(job_id, lambda job: change(job) if job and job.held_by(owner) else job)
        return before is not None and before.held_by(owner)

    def sweep(self, now: datetime) -> list[tuple[Job, Job | None]]:
        """See shared.ports.ExportJobs."""

        def swept(job: Job | None) -> Job | None:
            return job.swept(now) if job is not None and job.due_at <= now else job

        try:
            due: Any = self._redis.zrange(_DUE, "-inf", now.timestamp(), byscore=True)
        except RedisError as error:
            raise JobsError(str(error)) from error
        changes = (self._change(job_id.decode(), swept) for job_id in due)
        return [(before, after) for before, after in changes if before is not None and before != after]

    def _change(self, job_id: str, change: Change) -> tuple[Job | None, Job | None]:
        """The job before and after; who comes between makes this begin again."""
        key = _key(job_id)

        def attempt(pipe: Any) -> Any:
            before = _job(pipe.get(key))
            after = change(before)
            pipe.multi()
            if after is None:
                pipe.delete(key)
                pipe.zrem(_DUE, job_id)
            elif after != before:
                pipe.set(key, after.model_dump_json())
                pipe.zadd(_DUE, {job_id: after.due_at.timestamp()})
            return before, after

        try:
            changed: Any = self._redis.transaction(attempt, key, value_from_callable=True)
        except RedisError as error:
            raise JobsError(str(error)) from error
        before, after = changed
        return before, after


def _key(job_id: str) -> str:
    return f"siep:{{exports}}:job:{job_id}"


def _job(text: Any) -> Job | None:
    return Job.model_validate_json(text) if text else None
