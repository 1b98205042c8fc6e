from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.threadtree import Item, threads

START = datetime(2026, 11, 23, tzinfo=UTC)


def item(number, message_id="", references=(), subject="", *, hours=None, came=None):
    sent = START + timedelta(hours=number if hours is None else hours)
    return Item(number, message_id, list(references), subject, sent, sent if came is None else START + came)


def references(*items):
    return threads(items, "REFERENCES")


def numbers(found):
    """Each number in the order in which it is written."""
    written, pending = [], [found]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            pending += reversed(part)
        else:
            written.append(part)
    return written


def depth(found) -> int:
    deepest, level = 0, [found]
    while level := [part for inner in level for part in inner if isinstance(part, tuple)]:
        deepest += 1
    return deepest


def test_it_writes_the_example_of_the_rfc():
    """RFC 5256 §4: `(2)(3 6 (4 23)(44 7 96))`."""
    chain = {6: 3, 4: 6, 23: 4, 44: 6, 7: 44, 96: 7}
    items = [item(n, f"{n}", [str(chain[n])] if n in chain else []) for n in (2, 3, 4, 6, 7, 23, 44, 96)]
    assert references(*items) == ((2,), (3, 6, (4, 23), (44, 7, 96)))


def test_a_missing_message_with_two_answers_keeps_its_place():
    """RFC 5256 §4: `((3)(5))`."""
    assert references(item(3, "3", ["gone"]), item(5, "5", ["gone"])) == (((3,), (5,)),)


def test_a_missing_message_with_one_answer_does_not():
    assert references(item(1, "1", ["a", "b", "c"])) == ((1,),)


def test_answers_to_a_missing_one_go_up_to_the_next_that_is_there():
    assert references(item(1, "a"), item(2, "b", ["a", "gone"]), item(3, "c", ["a", "gone"])) == ((1, (2,), (3,)),)


def test_missing_ones_below_each_other_become_one():
    items = [item(1, "1", ["x", "y"]), item(2, "2", ["x", "y"]), item(3, "3", ["x", "z"])]
    assert references(*items) == (((1,), (2,), (3,)),)


def test_a_message_is_below_the_last_it_refers_to_whatever_others_said():
    items = [item(1, "a"), item(2, "b"), item(3, "d", ["a", "c"]), item(4, "c", ["b"])]
    assert references(*items) == ((1,), (2, 4, 3))


def test_a_link_that_was_said_first_stays():
    items = [item(1, "a"), item(2, "b"), item(3, "c", ["a", "x"]), item(4, "d", ["b", "x"])]
    assert references(*items) == ((1, (3,), (4,)), (2,))


@pytest.mark.parametrize(
    "items",
    [
        [item(1, "a", ["a"])],
        [item(1, "a", ["b"]), item(2, "b", ["a"])],
        [item(1, "a", ["b", "c", "a"]), item(2, "b", ["c"]), item(3, "c", ["a"])],
    ],
)
def test_circles_do_not_close(items):
    assert sorted(numbers(references(*items))) == [one.number for one in items]


def test_two_messages_of_one_id_are_two():
    assert references(item(1, "a"), item(2, "a"), item(3, "b", ["a"])) == ((1, 3), (2,))


def test_messages_without_an_id_are_threads_of_their_own():
    assert references(item(1), item(2)) == ((1,), (2,))


def test_siblings_and_threads_go_by_the_sent_date_then_by_number():
    items = [
        item(1, "a", hours=9),
        item(2, "b", ["a"], hours=5),
        item(3, "c", ["a"], hours=4),
        item(4, "d", ["a"], hours=5),
        item(5, "e", hours=1),
        item(6, "f", ["gone"], hours=0),
        item(7, "g", ["gone"], hours=8),
    ]
    assert references(*items) == (((6,), (7,)), (5,), (1, (3,), (2,), (4,)))


SUBJECTS = [
    (["Menu", "Re: Menu"], ((1, 2),)),
    (["Re: Menu", "Menu"], ((2, 1),)),
    (["Menu", "Menu"], (((1,), (2,)),)),
    (["Re: Menu", "Re: Menu"], (((1,), (2,)),)),
    (["Menu", "Menu", "Menu"], (((1,), (2,), (3,)),)),
    (["MENÜ", "[Fwd: menü]", "Menü (fwd)"], ((1, (2,), (3,)),)),
    (["Menu", "Re: Menü"], ((1,), (2,))),
    (["Menu", "AW: Menu"], ((1,), (2,))),
    (["", ""], ((1,), (2,))),
    (["Re:", "Re:"], ((1,), (2,))),
    (["Menu", "Wine"], ((1,), (2,))),
]


@pytest.mark.parametrize(("subjects", "expected"), SUBJECTS, ids=[" ".join(names) for names, _ in SUBJECTS])
def test_threads_of_one_base_subject_become_one(subjects, expected):
    items = [item(n, str(n), subject=subject) for n, subject in enumerate(subjects, 1)]
    assert references(*items) == expected
    assert threads(items, "REFS") == tuple((one.number,) for one in items)


def test_two_missing_messages_of_one_subject_become_one():
    items = [item(n, str(n), [gone], "Re: Menu") for n, gone in enumerate(["x", "x", "y", "y"], 1)]
    assert references(*items) == (((1,), (2,), (3,), (4,)),)


def test_a_message_joins_the_missing_one_of_its_subject():
    items = [item(1, "1", subject="Menu"), item(2, "2", ["x"], "Re: Menu"), item(3, "3", ["x"], "Re: Menu")]
    assert references(*items) == (((1,), (2,), (3,)),)


def test_refs_goes_by_the_newest_message_of_each_thread():
    items = [item(1, "a"), item(2, "b"), item(3, "c", ["a"])]
    assert threads(items, "REFS") == ((2,), (1, 3))
    assert references(*items) == ((1, 3), (2,))


def test_ordered_subject_puts_all_below_the_oldest():
    subjects = ["Menu", "Wine", "Re: menu", "Fwd: Menu", "Re: Wine", "Bread"]
    items = [item(n, subject=subject, hours=10 - n) for n, subject in enumerate(subjects, 1)]
    assert threads(items, "ORDEREDSUBJECT") == ((6,), (5, 2), (4, (3,), (1,)))


def test_nothing_is_no_thread():
    assert [threads([], name) for name in ("REFERENCES", "REFS", "ORDEREDSUBJECT")] == [(), (), ()]


IDS = st.sampled_from("abcdefghij")
ITEMS = st.lists(
    st.tuples(st.one_of(IDS, st.just("")), st.lists(IDS, max_size=5), st.sampled_from(["", "x", "Re: x", "y"])),
    max_size=12,
)


@given(ITEMS, st.sampled_from(["REFERENCES", "REFS", "ORDEREDSUBJECT"]), st.randoms(use_true_random=False))
def test_every_message_stands_there_once(rows, algorithm, chance):
    items = [
        item(n, name, mentioned, subject, hours=chance.randrange(5))
        for n, (name, mentioned, subject) in enumerate(rows, 1)
    ]
    assert sorted(numbers(threads(items, algorithm))) == [one.number for one in items]


def _ladder(count):
    """Each message has two answers, one of which goes on."""
    yield item(1, "1")
    for n in range(2, count, 2):
        yield item(n, str(n), [str(n - 1)])
        yield item(n + 1, str(n + 1), [str(n - 1)])


def test_branches_go_inside_branches_without_an_end():
    """RFC 5256 §4: "There is no limit to the nesting of threads"."""
    found = references(*_ladder(20_001))
    assert sorted(numbers(found)) == list(range(1, 20_002))
    assert depth(found) == 10_001


def _scattered(count):
    order = list(range(count))
    random.Random(3).shuffle(order)
    return [item(n, str(n), [str(n - 1)] if n else []) for n in order]


def _forged(count):
    """Half of them are one chain; each of the others claims to be above and below its end."""
    half = count // 2
    for n in range(half):
        yield item(n, str(n), [str(n - 1)])
    for n in range(half, count, 2):
        yield item(n, str(n), [f"x{n}"])
        yield item(n + 1, f"x{n}", [str(half - 1)])


# Made when they are wanted: 600,000 objects, and whoever runs another test imports this too.
LARGE = {
    "chain": lambda: [item(n, str(n), [str(n - 1)]) for n in range(100_000)],
    "backwards": lambda: [item(n, str(n), [str(n - 1)]) for n in reversed(range(100_000))],
    "scattered": lambda: _scattered(100_000),
    "forged": lambda: list(_forged(100_000)),
    "missing": lambda: [item(n, str(n), [f"x{n % 7}"], "Menu") for n in range(100_000)],
    "ladder": lambda: list(_ladder(100_000)),
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.slow
def test_a_hundred_thousand_messages_are_no_more_than_that(kind):
    """In steps and not in seconds: with a walk to the root for each message it would be hours."""
    items = LARGE[kind]()
    assert len(numbers(references(*items))) == len(items)
