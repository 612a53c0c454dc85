import pytest

from hearth.localcloud.core import quota
from hearth.localcloud.core.cloud import Cloud, Settings
from hearth.localcloud.core.errors import ApiError


def quotas(service: str, used: int, **settings: bool) -> quota.Quotas:
    cloud = Cloud(None, Settings(**settings), "http://cloud.test")  # type: ignore[arg-type]
    made = quota.Quotas(cloud, service, {"things": 10, "wishes": -1}, lambda project, resource: used)
    with cloud.state.transaction():
        made.set("rich", things=100)
    return made


@pytest.mark.parametrize(("service", "status"), [("nova", 403), ("neutron", 409), ("cinder", 413)])
def test_each_service_refuses_in_its_way(service: str, status: int) -> None:
    with pytest.raises(ApiError, match="things") as raised:
        quotas(service, 9).check("p", "things", 2)
    assert raised.value.status == status


def test_within_the_limit_without_limit_and_unenforced_nothing_is_refused() -> None:
    quotas("nova", 9).check("p", "things", 1)
    quotas("nova", 50).check("rich", "things", 50)
    quotas("nova", 10_000).check("p", "wishes", 50)
    quotas("nova", 10, enforce_quotas=False).check("p", "things", 1)


@pytest.mark.parametrize("limits", [{"unknown": 1}, {"things": -2}])
def test_wrong_limits_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ApiError) as raised:
        quotas("nova", 0).set("p", **limits)
    assert raised.value.status == 400
