"""ESEARCH responses (RFC 4731, 5267): what SEARCH and SORT tell with RETURN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mailserver.mail import numbersets
from mailserver.mail.numbersets import runs_of

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


def told_of(found: Sequence[int], returns: frozenset[str] | None) -> Sequence[int]:
    """Of what was found the messages that the answer speaks of: MIN and MAX alone are one or two (RFC 4731 §3.2)."""
    if returns is None or returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX"}:
        return found
    return sorted({*(found[:1] if "MIN" in returns else ()), *(found[-1:] if "MAX" in returns else ())})


def tell(
    session: Session,
    found: Sequence[int],
    returns: frozenset[str],
    *,
    uid: bool,
    modseq: int = 0,
    ordered: bool = False,
) -> None:
    """ESEARCH. `ordered`: the result of SORT, whose first and last are its MIN and MAX (RFC 5267 §3.1)."""
    wanted = returns - {"SAVE"} or (frozenset() if "SAVE" in returns else frozenset({"ALL"}))
    if not wanted:
        return
    shown = found if uid else session.selected.each_number(found)
    parts = [f'(TAG "{session.tag}")', *(["UID"] if uid else [])]
    if shown and "MIN" in wanted:
        parts.append(f"MIN {shown[0]}")
    if shown and "MAX" in wanted:
        parts.append(f"MAX {shown[-1]}")
    if shown and "ALL" in wanted:
        parts.append(f"ALL {_in_order(shown) if ordered else numbersets.write(runs_of(shown))}")
    if "COUNT" in wanted:
        parts.append(f"COUNT {len(shown)}")
    if modseq:
        parts.append(f"MODSEQ {modseq}")
    session.say("ESEARCH " + " ".join(parts))


def _in_order(numbers: Iterable[int]) -> str:
    """A set that keeps its order: neighbours that ascend are one run."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)
