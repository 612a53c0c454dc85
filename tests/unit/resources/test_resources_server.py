"""What a server's properties mean before any cloud is asked: disks, rules, and what replaces it."""

from collections.abc import Callable
from typing import Any

import pytest

from hearth.model.values import UNKNOWN
from hearth.resources import checking, registry
from hearth.resources.contract import Call, Change, Verdict

CallMaker = Callable[..., Call]
SERVER = registry.TypeRegistry().get("OS::Nova::Server")
BASE = {"flavor": "m1", "image": "cirros"}
IMAGE_DISK = {
    "uuid": "cirros",
    "source_type": "image",
    "destination_type": "local",
    "boot_index": 0,
    "delete_on_termination": True,
}


def problems(given: dict[str, Any]) -> list[tuple[Any, ...]]:
    values, issues = checking.check(SERVER, given)
    assert issues == []
    return [issue.path for issue in SERVER.validate(values)]


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        (BASE, []),
        ({"flavor": "m1"}, [()]),
        ({"flavor": "m1", "image": UNKNOWN}, []),
        ({"flavor": "m1", "block_device_mapping_v2": UNKNOWN}, []),
        ({"flavor": "m1", "block_device_mapping_v2": [{"volume_id": UNKNOWN}]}, []),
        ({"flavor": "m1", "block_device_mapping": [{"device_name": "vda", "volume_id": "v"}]}, []),
        ({"flavor": "m1", "block_device_mapping_v2": [{"swap_size": 1}]}, [()]),
        ({**BASE, "block_device_mapping_v2": [{"device_name": "vdb"}]}, [("block_device_mapping_v2", 0)]),
        (
            {**BASE, "block_device_mapping_v2": [{"volume_id": "v", "image": "i"}]},
            [("block_device_mapping_v2", 0, "image")],
        ),
        ({**BASE, "networks": [{"fixed_ip": "10.0.0.1"}]}, [("networks", 0)]),
        ({**BASE, "networks": [{"uuid": "n"}]}, []),
        ({**BASE, "networks": [{"allocate_network": "auto"}, {"network": "n"}]}, [("networks", 0)]),
        ({**BASE, "networks": [{"port": "p", "fixed_ip": "10.0.0.1"}]}, [("networks", 0, "fixed_ip")]),
        ({**BASE, "networks": [{"port": "p"}], "security_groups": ["g"]}, [("security_groups",)]),
    ],
)
def test_what_fits_together(given: dict[str, Any], paths: list[tuple[Any, ...]]) -> None:
    assert problems(given) == paths


@pytest.mark.parametrize(
    ("disks", "expected"),
    [
        (
            [{"volume_id": "v"}],
            [IMAGE_DISK, {"source_type": "volume", "destination_type": "volume", "uuid": "v", "boot_index": -1}],
        ),
        (
            [{"swap_size": 512}, {"ephemeral_size": 1, "ephemeral_format": "ext4"}],
            [
                IMAGE_DISK,
                {"source_type": "blank", "guest_format": "swap", "volume_size": 512, "boot_index": -1},
                {"source_type": "blank", "guest_format": "ext4", "volume_size": 1, "boot_index": -1},
            ],
        ),
        (
            [{"image": "i", "volume_size": 3, "boot_index": 0, "disk_bus": "virtio"}],
            [
                {
                    "source_type": "image",
                    "destination_type": "volume",
                    "uuid": "i",
                    "boot_index": 0,
                    "disk_bus": "virtio",
                }
            ],
        ),
    ],
)
def test_disks_of_the_request(
    make_call: CallMaker, disks: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    values, _ = checking.check(SERVER, {**BASE, "block_device_mapping_v2": disks})
    body = SERVER.body(make_call(properties=values))  # type: ignore[attr-defined]  # a Server has it
    made = body["block_device_mapping_v2"]
    assert len(made) == len(expected)
    for disk, wanted in zip(made, expected, strict=True):
        assert disk.items() >= wanted.items()


@pytest.mark.parametrize(
    ("change", "policy", "verdict"),
    [
        ({"flavor": "m2"}, {}, Verdict.UPDATE),
        ({"flavor": "m2"}, {"flavor_update_policy": "REPLACE"}, Verdict.REPLACE),
        ({"image": "other"}, {}, Verdict.UPDATE),
        ({"image": "other"}, {"image_update_policy": "REPLACE"}, Verdict.REPLACE),
        ({"image": None}, {}, Verdict.REPLACE),
        ({"user_data": "x"}, {}, Verdict.REPLACE),
        ({"user_data": "x"}, {"user_data_update_policy": "IGNORE"}, Verdict.UPDATE),
        ({"user_data": "x"}, {"user_data_update_policy": "REBUILD"}, Verdict.UPDATE),
        ({"key_name": "k"}, {}, Verdict.REPLACE),
        ({"name": "n", "metadata": {}, "tags": [], "networks": []}, {}, Verdict.UPDATE),
        ({"flavor": UNKNOWN}, {}, Verdict.UPDATE),
    ],
)
def test_what_a_change_means(
    make_call: CallMaker, change: dict[str, Any], policy: dict[str, Any], verdict: Verdict
) -> None:
    before, _ = checking.check(SERVER, BASE)
    call = make_call(properties={**before, **policy, **change}, previous=before)
    decision = SERVER.decide(Change(change), call)
    assert decision.verdict is verdict
    if verdict is Verdict.REPLACE:
        assert decision.keys == tuple(change)
        assert next(iter(change)) in decision.reason


def test_a_reason_tells_the_name_that_was_written_and_not_the_id_it_stood_for(make_call: CallMaker) -> None:
    before, _ = checking.check(SERVER, {**BASE, "image_update_policy": "REPLACE"})
    call = make_call(properties=before, previous={**before, "image": "d339707c"})
    reason = SERVER.decide(Change({"image": "fedora"}, former={**before, "image": "cirros"}), call).reason
    assert reason == "image changes from 'cirros' to 'fedora'"


def test_passwords_and_user_data_stay_out_of_reasons(make_call: CallMaker) -> None:
    before, _ = checking.check(SERVER, {**BASE, "user_data": "hunter1"})
    call = make_call(properties=before, previous=before)
    reason = SERVER.decide(Change({"user_data": "hunter2", "admin_pass": "hunter3"}), call).reason
    assert "hunter" not in reason
