"""A whole Hearth in zero time: engines, a service, a store and a cloud, all determined by one number, the seed.

chance     what the seed decides: latencies, faults, crashes
timeline   the event loop whose clock jumps, and the processes that can die on it
database   the store's twin in memory
messages   the bus's twin, which loses, repeats and shuffles
reality    the cloud: what there really is
types      resource types of that cloud
world      engines and a service on top of all that, and what a user does with them
invariants what must be true when a story has ended
stories    runs a story under many seeds
"""
