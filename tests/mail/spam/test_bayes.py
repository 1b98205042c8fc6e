from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.spam import bayes
from mailserver.mail.spam.bayes import Count, probability

LESSONS = Count(20, 20)
COUNTS = st.dictionaries(st.integers(0, 500), st.builds(Count, st.integers(0, 50), st.integers(0, 50)), max_size=400)


def test_it_knows_nothing_without_words_or_lessons():
    assert probability({}, LESSONS) == 0.5
    assert probability({1: Count(5, 0)}, Count(5, 0)) == 0.5
    assert probability({1: Count(0, 0), 2: Count(3, 3)}, LESSONS) == 0.5


def test_it_tells_spam_from_other_mail():
    spam, ham = {n: Count(10, 0) for n in range(20)}, {n: Count(0, 10) for n in range(20)}
    assert probability(spam, LESSONS) > 0.999
    assert probability(ham, LESSONS) < 0.001


def test_words_of_both_kinds_weigh_against_each_other():
    mixed = {n: Count(10, 0) if n % 2 else Count(0, 10) for n in range(20)}
    assert probability(mixed, LESSONS) == pytest.approx(0.5)


def test_it_weighs_words_by_how_many_messages_of_a_kind_there_are():
    assert probability({1: Count(10, 10)}, Count(20, 200)) > 0.5


def test_one_word_seen_once_decides_little():
    assert probability({1: Count(1, 0)}, LESSONS) < 0.9


def test_it_needs_lessons_of_both_kinds():
    assert bayes.is_taught(Count(bayes.FEWEST_LESSONS, bayes.FEWEST_LESSONS))
    assert not bayes.is_taught(Count(1000, bayes.FEWEST_LESSONS - 1))


@pytest.mark.parametrize(("probable", "points"), [(1.0, 4.0), (0.95, 2.5), (0.5, 0), (0.05, -1.0), (0.0, -2.0)])
def test_it_gives_points_at_the_ends(probable, points):
    assert sum(reason.points for reason in bayes.reasons(probable)) == points


@given(COUNTS, st.integers(0, 100), st.integers(0, 100))
def test_it_stays_a_probability(counts, spam, ham):
    assert 0 <= probability(counts, Count(spam, ham)) <= 1


@given(COUNTS)
def test_it_is_even_handed(counts):
    turned = {token: Count(count.ham, count.spam) for token, count in counts.items()}
    assert probability(counts, LESSONS) == pytest.approx(1 - probability(turned, LESSONS), abs=1e-9)


@given(COUNTS)
def test_the_order_of_words_does_not_matter(counts):
    assert probability(counts, LESSONS) == probability(dict(reversed(counts.items())), LESSONS)
