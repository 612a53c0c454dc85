"""What is counted and timed while the service works; who wants to know reads it as Prometheus does.

Whoever does a thing counts it by one of these. Labels take few values, all known beforehand: routes, types that
the operator installed, services, states; never a name, an id or a text of a user. What is in the database is not
counted here but looked up when somebody asks (`hearth.process.exposing`).
"""

import functools

from prometheus_client import Counter, Gauge, Histogram

#: A label's value for whatever is not known beforehand.
OTHER = "(other)"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# ---- requests of clients

REQUESTS = Counter(
    "hearth_http_requests", "Requests answered. status none: the client left.", ["face", "route", "method", "status"]
)
REQUEST_SECONDS = Histogram(
    "hearth_http_request_seconds",
    "Time from a request to the end of its answer.",
    ["face", "route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REQUESTS_UNDER_WAY = Gauge(
    "hearth_http_requests_under_way", "Requests being answered.", ["face"], multiprocess_mode="livesum"
)

# ---- engine

CLAIMS = Counter("hearth_engine_claims", "Nodes claimed. by: list (the work list) or commit.", ["by"])
HELD = Gauge("hearth_engine_nodes_held", "Nodes held by engines, waiting ones too.", multiprocess_mode="livesum")
MOVES = Counter(
    "hearth_engine_moves",
    "Stored outcomes of steps. done, fail, skip end a node; retry is another attempt after a failure.",
    ["type", "action", "outcome"],
)
NODE_SECONDS = Histogram(
    "hearth_engine_node_seconds",
    "Time from the claim of a node to its end, waiting for the cloud included.",
    ["type", "action"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800),
)
#: Looking up what has some labels costs as much as all else; there are few that steps have.
moves_of = functools.cache(MOVES.labels)
node_seconds_of = functools.cache(NODE_SECONDS.labels)
TAKEN_OVER = Counter("hearth_engine_taken_over", "Engines that fell silent and whose work was taken over.")
COMMIT_MOVES = Histogram(
    "hearth_engine_commit_moves",
    "Outcomes of steps stored by one commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)

# ---- store

COMMIT_UNITS = Histogram(
    "hearth_store_commit_units", "Units of work in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
_STORE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
COMMIT_SECONDS = Histogram("hearth_store_commit_seconds", "Time of one transaction.", buckets=_STORE_BUCKETS)
READ_SECONDS = Histogram(
    "hearth_store_read_seconds", "Time of one reading, the wait for a reader included.", buckets=_STORE_BUCKETS
)
REPLICA_READS = Counter(
    "hearth_store_replica_reads",
    "Lists a replica could answer. by: replica, or database in its place.",
    ["by"],
)

# ---- cloud

CLOUD_CALLS = Counter(
    "hearth_cloud_calls", "Calls to services. status none: no answer came.", ["service", "method", "status"]
)
CLOUD_SECONDS = Histogram(
    "hearth_cloud_call_seconds",
    "Time from a call to its whole answer.",
    ["service", "method"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
CLOUD_WAITING = Gauge(
    "hearth_cloud_calls_waiting",
    "Calls that wait for a place before a service.",
    ["service"],
    multiprocess_mode="livesum",
)
CLOUD_LEFT_ALONE = Gauge(
    "hearth_cloud_left_alone",
    "Services left alone for a while, as all calls fail.",
    ["service"],
    multiprocess_mode="livemax",
)
CLOUD_REFUSED = Counter(
    "hearth_cloud_calls_put_off",
    "Calls not made now. why: outage (all fail), retry_after (the service said so), budget (too many attempts).",
    ["service", "why"],
)


def method_of(method: str) -> str:
    """A method as a label: clients may invent some."""
    return method if method in _METHODS else OTHER
