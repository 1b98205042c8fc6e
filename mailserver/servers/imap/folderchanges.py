"""What became of the names of folders between two looks at them (RFC 5465 §5.4, §5.5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mailserver.services.folders import Folder

# The folders as the client was last told of them, by id.
Known = Mapping[int, Folder]


def named(before: Known, now: Known) -> Iterator[tuple[Folder | None, Folder | None]]:
    """Folders that came (None, folder), went (folder, None) or were renamed, and by path, (folder, folder), the one
    above of those that came or went.

    Those below a renamed one are renamed with it, which goes without saying.
    """
    changed = sorted(_changed(before, now), key=lambda pair: _path(*pair))
    yield from changed
    told = {_path(*pair) for pair in changed}
    by_path = {folder.path: folder for folder in now.values()}
    for path in sorted({above(_path(*pair)) for pair in changed if None in pair} - told):
        if path in by_path:
            yield by_path[path], by_path[path]


def _changed(before: Known, now: Known) -> Iterator[tuple[Folder | None, Folder | None]]:
    moved = {
        folder.path: now[number].path
        for number, folder in before.items()
        if number in now and now[number].path != folder.path
    }
    for number in before.keys() | now.keys():
        old, new = before.get(number), now.get(number)
        if old is None or new is None or (old.path in moved and not _moved_along(old.path, new.path, moved)):
            yield old, new


def _moved_along(old: str, new: str, moved: Mapping[str, str]) -> bool:
    place = above(old)
    while place:
        if place in moved and new == moved[place] + old[len(place) :]:
            return True
        place = above(place)
    return False


def above(path: str) -> str:
    """The path of the level above, "" where there is none."""
    return path.rpartition("/")[0]


def parents(known: Known) -> frozenset[str]:
    """The paths of folders that have others below them."""
    found: set[str] = set()
    for folder in known.values():
        path = above(folder.path)
        while path and path not in found:
            found.add(path)
            path = above(path)
    return frozenset(found)


def own(before: Known, now: Known, path: str) -> Known:
    """`before` with what the client itself did at that path, whose levels above it and folders below come and go with
    it. Counters stay as they were told.
    """
    known = dict(before)
    for number in before.keys() | now.keys():
        old, new = before.get(number), now.get(number)
        if not any(_touches(folder.path, path) for folder in (old, new) if folder is not None):
            continue
        if new is None:
            del known[number]
        else:
            known[number] = new if old is None else replace(old, path=new.path, subscribed=new.subscribed)
    return known


def _path(old: Folder | None, new: Folder | None) -> str:
    folder = new or old
    return folder.path if folder else ""


def _touches(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
