"""Takes away everything in the stage's project, however the script ended, and what it made as administrator."""

import time
from collections.abc import Iterable
from typing import Any

import openstack
from conformance_stage import NAME, Stage

#: Names of what the administrator makes outside of the project begin with this.
PREFIX = "cf-"


def sweep(stage: Stage) -> None:
    """Delete all there is; wait for what others hang on."""
    stage.recorder.begin()
    cloud, mine = stage.member, stage.project.id
    for server in cloud.compute.servers(details=False):
        cloud.compute.delete_server(server, force=False, ignore_missing=True)
    _until_none(stage, lambda: cloud.compute.servers(details=False))
    for group in cloud.compute.server_groups():
        cloud.compute.delete_server_group(group)
    for key in cloud.compute.keypairs():
        cloud.compute.delete_keypair(key)
    for backup in cloud.block_storage.backups():
        cloud.block_storage.delete_backup(backup)
    for snapshot in cloud.block_storage.snapshots():
        cloud.block_storage.delete_snapshot(snapshot)
    _until_none(stage, cloud.block_storage.snapshots)
    _until_none(stage, cloud.block_storage.backups)
    for transfer in cloud.block_storage.transfers():
        cloud.block_storage.delete_transfer(transfer)
    for volume in cloud.block_storage.volumes():
        cloud.block_storage.delete_volume(volume)
    _until_none(stage, cloud.block_storage.volumes)
    for image in cloud.image.images(owner=mine):
        cloud.image.update_image(image, is_protected=False)
        cloud.image.delete_image(image)
    _network(stage)
    for container in cloud.object_store.containers():
        for item in cloud.object_store.objects(container.name):
            cloud.object_store.delete_object(item.name, container=container.name)
        cloud.object_store.delete_container(container.name)
    for secret in cloud.key_manager.secrets():
        cloud.key_manager.delete_secret(secret)
    _administrators(stage)


def _network(stage: Stage) -> None:
    network, mine = stage.member.network, stage.project.id
    for address in network.ips(project_id=mine):
        network.delete_ip(address)
    for trunk in network.trunks(project_id=mine):
        network.delete_trunk(trunk)
    for router in network.routers(project_id=mine):
        network.update_router(router, routes=[])
        for port in network.ports(device_id=router.id):
            if port.device_owner.startswith("network:router_interface"):
                network.remove_interface_from_router(router, port_id=port.id)
        network.delete_router(router)
    for port in network.ports(project_id=mine):
        network.delete_port(port)
    for each in network.networks(project_id=mine):
        network.delete_network(each)
    for pool in network.subnet_pools(project_id=mine):
        network.delete_subnet_pool(pool)
    for scope in network.address_scopes(project_id=mine):
        network.delete_address_scope(scope)
    for group in network.security_groups(project_id=mine):
        if group.name != "default":
            network.delete_security_group(group)


def _administrators(stage: Stage) -> None:
    admin = stage.admin
    for flavor in _made(admin.compute.flavors(is_public=None)):
        admin.compute.delete_flavor(flavor)
    for kind in _made(admin.block_storage.types()):
        admin.block_storage.delete_type(kind)
    for policy in _made(admin.network.qos_policies()):
        admin.network.delete_qos_policy(policy)
    for user in _made(admin.identity.users()):
        admin.identity.delete_user(user)
    for project in _made(admin.identity.projects()):
        admin.identity.delete_project(project)
    for role in _made(admin.identity.roles()):
        admin.identity.delete_role(role)
    for group in _made(admin.identity.groups()):
        admin.identity.delete_group(group)
    for domain in _made(admin.identity.domains()):
        admin.identity.update_domain(domain, is_enabled=False)
        admin.identity.delete_domain(domain)
    for trust in stage.member.identity.trusts(trustor_user_id=stage.user.id):
        stage.member.identity.delete_trust(trust)
    _quietly(lambda: admin.compute.revert_quota_set(stage.project))
    _quietly(lambda: admin.block_storage.revert_quota_set(stage.project))
    _quietly(lambda: admin.network.delete_quota(stage.project.id))


def _made(things: Iterable[Any]) -> list[Any]:
    return [thing for thing in things if str(thing.name).startswith(PREFIX) and thing.name != NAME]


def _quietly(call: Any) -> None:
    try:
        call()
    except openstack.exceptions.SDKException as error:
        print(f"not swept: {error}")


def _until_none(stage: Stage, things: Any) -> None:
    end = time.monotonic() + 120
    while any(True for _ in things()) and time.monotonic() < end:
        time.sleep(stage.pause)
