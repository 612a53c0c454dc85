"""Which addresses the operator's rules let us connect to."""

import pytest

from hearth.cloud import addresses

STRICT = addresses.FetchRules(timeout=5)

ADDRESSES = [
    ("93.184.216.34", STRICT, True),
    ("10.1.2.3", STRICT, True),
    ("10.1.2.3", addresses.FetchRules(denied=addresses.networks(["10.0.0.0/8"])), False),
    (
        "10.1.2.3",
        addresses.FetchRules(denied=addresses.networks(["10.0.0.0/8"]), allowed=addresses.networks(["10.1.0.0/16"])),
        True,
    ),
    ("fe80::1%eth0", STRICT, False),
    ("64:ff9b::7f00:1", STRICT, False),
    ("64:ff9b::5db8:d822", STRICT, True),
    ("2002:7f00:1::", STRICT, False),
    ("::ffff:10.1.2.3", addresses.FetchRules(denied=addresses.networks(["10.0.0.0/8"])), False),
]


@pytest.mark.parametrize(("address", "rules", "allowed"), ADDRESSES)
def test_addresses(address: str, rules: addresses.FetchRules, allowed: bool) -> None:
    assert addresses.is_allowed(address, rules) is allowed
