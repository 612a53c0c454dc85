"""A life in Cinder: types, volumes, snapshots, backups, transfers, retype, extend, quotas."""

import functools

from conformance_stage import Stage

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def live(stage: Stage) -> None:
    """Run it."""
    stage.image("cf-disk")
    _types(stage)
    _volumes(stage)
    _snapshots(stage)
    _backups(stage)
    _refusals(stage)
    _end(stage)


def _status(stage: Stage, name: str, wanted: str) -> None:
    stage.until(lambda: stage.member.block_storage.find_volume(name), wanted)


def _types(stage: Stage) -> None:
    stage.cli("volume type create --description first --property test:color=red cf-type", admin=True)
    stage.cli("volume type create cf-type", admin=True)
    stage.cli("volume type set --property test:size=big --description second cf-type", admin=True)
    stage.cli("volume type show cf-type", admin=True)
    stage.cli("volume type show cf-type")
    stage.cli("volume type list --long", admin=True)
    stage.cli("volume type create cf-of-mine")
    stage.cli("volume type create --private cf-private", admin=True)
    stage.cli("volume type show cf-private")
    stage.cli("volume type set --project conformance cf-private", admin=True)
    stage.cli("volume type show cf-private")
    stage.cli("volume type delete cf-private", admin=True)
    stage.cli("volume type show cf-missing")


def _volumes(stage: Stage) -> None:
    stage.cli("volume create --size 1 --description first --property color=red cf-volume")
    _status(stage, "cf-volume", "available")
    stage.cli("volume show cf-volume")
    stage.cli("volume set --name cf-volume --description second --property color=blue cf-volume")
    stage.cli("volume unset --property color cf-volume")
    stage.cli("volume list --long")
    stage.cli("volume list --status available --name cf-volume")
    stage.cli("volume set --size 2 cf-volume")
    _status(stage, "cf-volume", "available")
    stage.cli("volume set --size 1 cf-volume")
    stage.cli("volume set --bootable cf-volume")
    stage.cli("volume set --type cf-type --retype-policy on-demand cf-volume")
    _status(stage, "cf-volume", "available")
    stage.cli("volume show cf-volume")
    stage.cli("volume create --image cf-disk --size 1 cf-image")
    _status(stage, "cf-image", "available")
    stage.cli("volume show cf-image")
    stage.cli("volume create --source cf-volume --size 3 cf-clone")
    _status(stage, "cf-clone", "available")
    stage.cli("volume show cf-clone", admin=True)
    stage.cli("volume transfer request create --name cf-transfer cf-clone")
    stage.cli("volume transfer request list")
    stage.cli("volume transfer request show cf-transfer")
    stage.cli("volume delete cf-clone")
    transfer = stage.member.block_storage.find_transfer("cf-transfer")
    accept = f"POST block-storage /{stage.project.id}/volume-transfers/{transfer.id}/accept"
    stage.api("transfer with a wrong key", accept, {"accept": {"auth_key": "wrong"}})
    stage.cli("volume transfer request delete cf-transfer")
    stage.cli("volume set --read-only cf-clone")
    stage.cli("volume set --state error cf-clone")
    stage.cli("volume set --state error cf-clone", admin=True)
    stage.cli("volume set --state available " + stage.member.block_storage.find_volume("cf-clone").id,
              admin=True)  # fmt: skip
    stage.cli("volume create --size 1 cf-twice")
    stage.cli("volume create --size 1 cf-twice")
    for volume in list(stage.member.block_storage.volumes(name="cf-twice")):
        stage.until(functools.partial(stage.member.block_storage.get_volume, volume), "available")
    stage.cli("volume show cf-twice")


def _snapshots(stage: Stage) -> None:
    def snapshot(name: str, wanted: str) -> None:
        stage.until(lambda: stage.member.block_storage.find_snapshot(name), wanted)

    stage.cli("volume snapshot create --volume cf-volume --description first --property color=red cf-snap")
    snapshot("cf-snap", "available")
    stage.cli("volume snapshot show cf-snap")
    stage.cli("volume snapshot set --description second --property size=big cf-snap")
    stage.cli("volume snapshot list --long")
    stage.cli("volume delete cf-volume")
    stage.cli("volume create --snapshot cf-snap cf-restored")
    _status(stage, "cf-restored", "available")
    stage.cli("volume show cf-restored")
    stage.cli("volume create --snapshot cf-snap --size 1 cf-too-small")
    stage.cli("volume revert cf-snap")
    _status(stage, "cf-volume", "available")
    stage.cli("volume snapshot delete cf-snap")
    snapshot("cf-snap", "gone")
    stage.cli("volume snapshot show cf-snap")
    stage.cli("volume snapshot create --volume cf-missing cf-bad")


def _backups(stage: Stage) -> None:
    def backup(wanted: str) -> None:
        stage.until(lambda: stage.member.block_storage.find_backup("cf-backup"), wanted)

    stage.cli("volume backup create --name cf-backup --description first cf-volume")
    backup("available")
    stage.cli("volume backup show cf-backup")
    stage.cli("volume backup list --long")
    stage.cli("volume backup set --description second cf-backup")
    stage.cli("volume backup restore cf-backup cf-restored")
    stage.cli("volume backup restore cf-backup cf-restored --force")
    _status(stage, "cf-restored", "available")
    backup("available")
    stage.cli("volume backup delete cf-backup")
    backup("gone")
    stage.cli("volume backup show cf-backup")


def _refusals(stage: Stage) -> None:
    base = f"/{stage.project.id}"
    cases = {
        "of no size": {},
        "of size 0": {"size": 0},
        "of a bad size": {"size": "big"},
        "of an unknown type": {"size": 1, "volume_type": "cf-missing"},
        "of an unknown image": {"size": 1, "imageRef": UNKNOWN},
        "of an unknown snapshot": {"size": 1, "snapshot_id": UNKNOWN},
        "of an unknown source": {"size": 1, "source_volid": UNKNOWN},
        "of an unknown zone": {"size": 1, "availability_zone": "cf-zone"},
        "of an unknown field": {"size": 1, "colour": "red"},
        "of a long name": {"size": 1, "name": "n" * 256},
        "of bad metadata": {"size": 1, "metadata": {"a": {"b": 1}}},
    }
    for label, fields in cases.items():
        stage.api(f"volume {label}", f"POST block-storage {base}/volumes", {"volume": fields})
    stage.api("no body", f"POST block-storage {base}/volumes", {})
    stage.api("unknown volume", f"GET block-storage {base}/volumes/{UNKNOWN}")
    stage.api("unknown action", f"POST block-storage {base}/volumes/{UNKNOWN}/action", {"os-extend": {"new_size": 2}})
    one = f"{base}/volumes/{stage.member.block_storage.find_volume('cf-volume').id}"
    stage.api("action of no name", f"POST block-storage {one}/action", {"os-nothing": {}})
    stage.api("extend to less", f"POST block-storage {one}/action", {"os-extend": {"new_size": 1}})
    stage.api("detach of what is not attached", f"POST block-storage {one}/action", {"os-detach": {}})
    stage.api("reset by a member", f"POST block-storage {one}/action", {"os-reset_status": {"status": "error"}})
    stage.api("volume at 3.0", f"GET block-storage {one}", headers={"OpenStack-API-Version": "volume 3.0"})
    stage.api("volume at 3.60", f"GET block-storage {one}", headers={"OpenStack-API-Version": "volume 3.60"})
    stage.api("volume at the latest", f"GET block-storage {one}", headers={"OpenStack-API-Version": "volume latest"})
    stage.api("volume as administrator", f"GET block-storage {one}", admin=True)
    stage.api("volume beyond", f"GET block-storage {one}", headers={"OpenStack-API-Version": "volume 3.999"})
    stage.api("volume of nonsense", f"GET block-storage {one}", headers={"OpenStack-API-Version": "volume x"})
    stage.api("another project", f"GET block-storage /{stage.admin.current_project_id}/volumes")
    stage.api("bad token", f"GET block-storage {base}/volumes", token="nonsense")
    stage.api("volumes by page", f"GET block-storage {base}/volumes?limit=1&sort=name:asc")
    stage.api("volumes of a bad limit", f"GET block-storage {base}/volumes?limit=-1")
    stage.api("volumes of a bad sort", f"GET block-storage {base}/volumes?sort=nothing:asc")
    stage.api("limits", f"GET block-storage {base}/limits")
    stage.api("pools by a member", f"GET block-storage {base}/scheduler-stats/get_pools")
    stage.cli("availability zone list --volume")
    quota = f"{base}/os-quota-sets/{stage.project.id}"
    stage.api("quota", f"GET block-storage {quota}")
    stage.api("quota with usage", f"GET block-storage {quota}?usage=true")
    wide = f"/{stage.admin.current_project_id}/os-quota-sets/{stage.project.id}"
    stage.api("quota is set", f"PUT block-storage {wide}", {"quota_set": {"volumes": 1}}, admin=True)
    stage.cli("volume create --size 1 cf-too-many")
    stage.api(
        "quota of gigabytes", f"PUT block-storage {wide}", {"quota_set": {"volumes": 100, "gigabytes": 1}}, admin=True
    )
    stage.cli("volume create --size 1 cf-too-big")
    stage.api("extend beyond the quota", f"POST block-storage {one}/action", {"os-extend": {"new_size": 9}},
              headers={"OpenStack-API-Version": "volume 3.0"})  # fmt: skip
    stage.api("quota by a member", f"PUT block-storage {quota}", {"quota_set": {"volumes": 1}})
    stage.api("quota of a bad value", f"PUT block-storage {wide}", {"quota_set": {"volumes": -2}}, admin=True)
    stage.api("quota is forgotten", f"DELETE block-storage {wide}", admin=True)


def _end(stage: Stage) -> None:
    stage.cli("volume delete cf-clone cf-image cf-restored cf-volume")
    stage.recorder.begin()
    named = ("cf-clone", "cf-image", "cf-restored", "cf-volume")
    for volume in list(stage.member.block_storage.volumes()):
        if volume.name not in named:
            stage.member.block_storage.delete_volume(volume)
    stage.until(lambda: next(iter(stage.member.block_storage.volumes()), None), "gone")
    stage.cli("volume show cf-volume")
    stage.cli("volume type delete cf-type", admin=True)
    stage.cli("volume type delete cf-type", admin=True)
