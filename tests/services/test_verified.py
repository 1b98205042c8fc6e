from __future__ import annotations

from mailserver.services.verified import Verified


def test_a_password_counts_for_its_account_and_stored_hash_only():
    verified = Verified()
    verified.note(1, "buckwheat", "argon2$one")
    assert verified.holds(1, "buckwheat", "argon2$one")
    assert not verified.holds(1, "Buckwheat", "argon2$one")
    assert not verified.holds(2, "buckwheat", "argon2$one")
    assert not verified.holds(1, "buckwheat", "argon2$two")


def test_it_forgets_after_a_while_and_never_keeps_too_many():
    now = [0.0]
    verified = Verified(seconds=10, most=2, clock=lambda: now[0])
    verified.note(1, "a", "x")
    now[0] = 11
    assert not verified.holds(1, "a", "x")
    for number in range(3):
        verified.note(number, "b", "x")
    assert sum(verified.holds(number, "b", "x") for number in range(3)) == 2
    verified.forget()
    assert not verified.holds(2, "b", "x")


def test_nothing_of_a_password_is_kept_in_clear():
    verified = Verified()
    verified.note(1, "buckwheat and cider", "argon2$one")
    assert "buckwheat" not in repr(vars(verified))
