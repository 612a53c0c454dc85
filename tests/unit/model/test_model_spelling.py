"""Which word was meant, among few and among many."""

import pytest

from hearth.model import diagnostics

SERVICES = ("Nova", "Neutron", "Cinder", "Glance", "Keystone", "Heat", "Swift", "Octavia", "Barbican", "Designate")
THINGS = (
    "Server",
    "Port",
    "Network",
    "Subnet",
    "Router",
    "Volume",
    "Snapshot",
    "Image",
    "User",
    "Project",
    "Pool",
    "Zone",
)
TYPES = [f"OS::{service}::{thing}{end}" for service in SERVICES for thing in THINGS for end in ("", "Group", "Policy")]


@pytest.mark.parametrize("known", [TYPES[:20], TYPES], ids=["few", "many"])
@pytest.mark.parametrize(
    "wrong",
    [
        "OS::Nova::Serve",
        "OS::Nova::Serverr",
        "OS::Nova::Sevrer",
        "OS:Nova:Server",
        "os::nova::Server",
        "OS::Nova::server",
        "S::Nova::Server",
        "OSNovaServer",
    ],
)
def test_a_typo_leads_to_the_word(wrong: str, known: list[str]) -> None:
    assert diagnostics.nearest(wrong, known) == "Did you mean 'OS::Nova::Server'?"


@pytest.mark.parametrize("wrong", ["", "x", "something quite different", "OS" * 5000])
def test_what_is_like_nothing_gets_no_advice(wrong: str) -> None:
    assert diagnostics.nearest(wrong, TYPES) == ""


def test_few_words_are_listed() -> None:
    assert diagnostics.nearest("x", ["beta", "alpha"]) == "Known: alpha, beta."


def test_words_of_one_pattern_are_told_apart() -> None:
    known = [f"resource_number_{number}" for number in range(3000)]
    assert diagnostics.nearest("resourse_number_2718", known) == "Did you mean 'resource_number_2718'?"
    assert diagnostics.nearest("resource_number_02718", known) == "Did you mean 'resource_number_2718'?"
