"""A life in Glance: an image's data, properties, tags, members and states."""

from conformance_stage import Stage

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def live(stage: Stage) -> None:
    """Run it."""
    data = stage.file("disk.raw", b"hearth" * 100)
    stage.cli("image list")
    stage.cli("image list --name cirros --long")
    stage.cli("image show cirros")
    stage.cli("image show cf-missing")
    made = stage.cli(f"image create --disk-format raw --container-format bare --file {data} --property color=red "
                     "--tag one --min-disk 1 cf-image")  # fmt: skip
    stage.cli("image show cf-image")
    stage.cli("image set --property color=blue --tag two --min-ram 64 cf-image")
    stage.cli("image unset --property color --tag one cf-image")
    stage.cli("image show cf-image")
    stage.cli("image list --private --long")
    stage.cli("image list --tag two")
    stage.cli(f"image save --file {stage.folder / 'back.raw'} cf-image")
    stage.cli("image set --protected cf-image")
    stage.cli("image delete cf-image")
    stage.cli("image set --unprotected cf-image")
    stage.cli("image set --shared cf-image")
    stage.cli("image add project cf-image admin", admin=True)
    stage.cli("image member list cf-image")
    stage.cli("image set --accept --project admin cf-image", admin=True)
    stage.cli("image remove project cf-image admin", admin=True)
    stage.cli("image set --deactivate cf-image")
    stage.cli("image set --deactivate cf-image", admin=True)
    stage.api("download of a deactivated image", f"GET image /v2/images/{made['id']}/file")
    stage.cli("image set --activate cf-image", admin=True)
    stage.api("upload twice", f"PUT image /v2/images/{made['id']}/file", data=b"again",
              headers={"Content-Type": "application/octet-stream"})  # fmt: skip
    stage.cli("image set --public cf-image")
    stage.cli("image create cf-queued")
    queued = stage.member.image.find_image("cf-queued")
    stage.api("download of a queued image", f"GET image /v2/images/{queued.id}/file")
    stage.api("partial download", f"GET image /v2/images/{made['id']}/file", headers={"Range": "bytes=0-5"})
    stage.cli("image create --disk-format raw cf-image")
    stage.cli("image show cf-image")
    stage.api("image of no known format", "POST image /v2/images", {"name": "cf-odd", "disk_format": "floppy"})
    stage.api("image with a read-only field", "POST image /v2/images", {"name": "cf-odd", "status": "active"})
    stage.api("image of an unknown visibility", "POST image /v2/images", {"name": "cf-odd", "visibility": "secret"})
    stage.api("image of a known id", "POST image /v2/images", {"name": "cf-odd", "id": made["id"]})
    stage.api("image of a bad id", "POST image /v2/images", {"name": "cf-odd", "id": "1"})
    stage.api("unknown image", f"GET image /v2/images/{UNKNOWN}")
    stage.api("patch of an unknown image", f"PATCH image /v2/images/{UNKNOWN}", [],
              headers={"Content-Type": "application/openstack-images-v2.1-json-patch"})  # fmt: skip
    stage.api("patch of the wrong type", f"PATCH image /v2/images/{made['id']}", [])
    stage.api("patch of a missing property", f"PATCH image /v2/images/{made['id']}",
              [{"op": "remove", "path": "/nothing"}],
              headers={"Content-Type": "application/openstack-images-v2.1-json-patch"})  # fmt: skip
    stage.api("images of a bad limit", "GET image /v2/images?limit=-1")
    stage.api("images of an unknown sort key", "GET image /v2/images?sort_key=nothing")
    stage.api("import of an active image", f"POST image /v2/images/{made['id']}/import",
              {"method": {"name": "glance-direct"}})  # fmt: skip
    stage.api("import ways", "GET image /v2/info/import")
    stage.api("stores", "GET image /v2/info/stores")
    stage.api("schema", "GET image /v2/schemas/members")
    stage.api("tasks", "GET image /v2/tasks")
    stage.api("no token", "GET image /v2/images", token="nonsense")
    stage.cli("image delete cf-queued")
    stage.cli(f"image delete {made['id']}")
