from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailserver.servers.imap import folderchanges
from mailserver.services.folders import Folder


def folder(number: int, path: str, *, total: int = 0) -> Folder:
    return Folder(number, path, "", False, 1, 1, 1, total, 0, 0)


def tree(*paths: str) -> dict[int, Folder]:
    return {number: folder(number, path) for number, path in enumerate(paths, 1)}


def said(before, now) -> list[tuple[str | None, str | None]]:
    return [(old and old.path, new and new.path) for old, new in folderchanges.named(before, now)]


def test_several_at_once():
    before = tree("a", "a/b", "c", "d")
    now = {1: folder(1, "x"), 2: folder(2, "x/b"), 4: folder(4, "d"), 5: folder(5, "d/e")}
    assert said(before, now) == [("c", None), (None, "d/e"), ("a", "x"), ("d", "d")]


def test_a_folder_that_went_its_own_way_is_told():
    before = tree("a", "a/b", "a/b/c")
    now = {1: folder(1, "x"), 2: folder(2, "y"), 3: folder(3, "y/c")}
    assert said(before, now) == [("a", "x"), ("a/b", "y")]


def test_counters_say_nothing_of_names():
    before = tree("a")
    assert said(before, {1: folder(1, "a", total=7)}) == []


NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "b/a", "a/a/a", "a/b/a"])


@st.composite
def steps(draw):
    """A tree in which every level exists, and what it is after one command."""
    paths = {level for path in draw(st.sets(NAMES)) for level in levels(path)}
    before = tree(*sorted(paths))
    now = dict(before)
    kind = draw(st.sampled_from(["create", "delete", "rename"]))
    if kind == "create" or not paths:
        for number, path in enumerate(levels(draw(NAMES)), 100):
            if path not in paths:
                now[number] = folder(number, path)
    elif kind == "delete":
        gone = draw(st.sampled_from(sorted(path for path in paths if not any(p.startswith(f"{path}/") for p in paths))))
        now = {number: one for number, one in before.items() if one.path != gone}
    else:
        old = draw(st.sampled_from(sorted(paths)))
        for number, one in before.items():
            if one.path == old or one.path.startswith(f"{old}/"):
                now[number] = replace(one, path="new" + one.path[len(old) :])
    return before, now


def levels(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]


@given(steps())
def test_a_client_that_follows_knows_all_names(step):
    before, now = step
    names = {one.path for one in before.values()}
    for old, new in folderchanges.named(before, now):
        if old is None:
            names.add(new.path)
        elif new is None:
            names.remove(old.path)
        else:
            below = {name for name in names if name == old.path or name.startswith(f"{old.path}/")}
            names = names - below | {new.path + name[len(old.path) :] for name in below}
    assert names == {one.path for one in now.values()}


@given(steps())
def test_what_one_did_oneself_is_no_news(step):
    before, now = step
    known = before
    for old, new in folderchanges.named(before, now):
        for one in (old, new):
            known = folderchanges.own(known, now, one.path) if one else known
    assert said(known, now) == []


def test_counters_stay_as_they_were_told():
    known = folderchanges.own(tree("a"), {1: folder(1, "b", total=7)}, "b")
    assert known[1] == folder(1, "b")


def test_who_has_others_below():
    assert folderchanges.parents(tree("a/b/c", "a/b", "d")) == {"a", "a/b"}
