"""Columns: JSON in and out, sealed where it holds secrets."""

import pytest
from cryptography.fernet import Fernet

from hearth.store import codec

OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


@pytest.mark.parametrize("value", [{"b": 1, "a": [None, "\u2603"]}, [], "gAAAA", 0, False, {"x": 1.5}])
def test_values_come_back(value):
    one = codec.Codec([OLD])
    assert one.read(one.plain(value)) == value
    if value:
        assert one.read(one.sealed(value)) == value


def test_nothing_stays_nothing():
    one = codec.Codec([OLD])
    assert (one.plain(None), one.sealed(None), one.sealed({}), one.read(None)) == (None, None, None, None)


def test_sealed_columns_do_not_show_what_they_hold():
    assert b"hidden" not in codec.Codec([OLD]).sealed({"password": "hidden"})


def test_keys_can_be_changed():
    sealed = codec.Codec([OLD]).sealed({"a": 1})
    assert codec.Codec([NEW, OLD]).read(sealed) == {"a": 1}


def test_a_missing_key_is_told_without_the_secret():
    sealed = codec.Codec([OLD]).sealed({"password": "hidden"})
    with pytest.raises(codec.InvalidEncryptionKey, match="auth_encryption_key") as caught:
        codec.Codec([NEW]).read(sealed)
    assert "hidden" not in str(caught.value)


def test_equal_values_have_equal_names():
    assert codec.digest(codec.encode({"a": 1, "b": 2})) == codec.digest(codec.encode({"b": 2, "a": 1}))
