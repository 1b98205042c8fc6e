"""The files people of the demo attach: PDF, JPEG, PNG, CSV, ICS, ZIP.

In the data they are written `kind:file name:argument`, such as `pdf:menu.pdf:Menu for nine`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mailserver.mail.compose import Attachment
from mailserver.services.demo import calendar_file, data, pdf, sketches
from mailserver.services.demo.people import Person

_BILLS = ("facture", "bill", "receipt", "bon-", "orçamento", "order", "billet")


@dataclass(frozen=True, slots=True)
class Cover:
    """What a file may say of the letter it comes with."""

    sender: Person
    at: datetime
    text: str


def attach(spec: str, cover: Cover) -> Attachment:
    """The file a spec describes. Raises ValueError for an unknown kind."""
    kind, name, argument = spec.split(":", 2)
    if kind == "pdf":
        return Attachment(name, "application/pdf", pdf.document(argument, _lines(name, argument, cover)))
    if kind == "photo":
        return Attachment(name, "image/jpeg", data.photo(argument))
    if kind == "png":
        return Attachment(name, "image/png", sketches.png(argument))
    if kind == "csv":
        return Attachment(name, "text/csv", _table(argument, Random(name)).encode("utf-8-sig"))  # noqa: S311
    if kind == "ics":
        event = calendar_file.Event(argument, cover.at + timedelta(days=2), timedelta(minutes=30), place="Studio 2")
        return Attachment(name, "text/calendar", calendar_file.published(event))
    raise ValueError(f"{spec!r} names no kind of file")


def archive(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file; every entry has the oldest date the format knows, so the same files make the same octets."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _lines(name: str, title: str, cover: Cover) -> list[str]:
    head = [f"{cover.sender.name}, {cover.at:%Y-%m-%d}", ""]
    if any(word in name for word in _BILLS):
        return head + _bill(Random(name + title))  # noqa: S311
    return [*head, *cover.text.strip().splitlines(), "", *cover.sender.signature.splitlines()]


def _bill(random: Random) -> list[str]:
    chosen = random.sample(data.table("papers")["items"], 4)
    counted = [(random.randint(1, 6), name, price) for name, price in chosen]
    rows = [f"{count} x {name}, at {price:.2f}: {count * price:.2f} EUR" for count, name, price in counted]
    return [*rows, "", f"Total: {sum(count * price for count, _, price in counted):.2f} EUR"]


def _table(kind: str, random: Random) -> str:
    """Comma-separated values with the semicolons of European spreadsheets. Raises ValueError."""
    rows: Sequence[Sequence[object]]
    if kind == "till":
        hours = ((f"{hour} h", random.randint(2, 31), _euro(random)) for hour in range(11, 23))
        rows = [("heure", "tickets", "ventes"), *hours]
    elif kind == "planning":
        days = ("mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
        names = ("Inês", "Awa", "Alice", "Gwenaëlle")
        rows = [("jour", "midi", "soir"), *((day, *random.sample(names, 2)) for day in days)]
    elif kind in (kept := data.table("papers")["tables"]):
        rows = kept[kind]
    else:
        raise ValueError(f"{kind!r} names no table")
    return "".join(";".join(map(str, row)) + "\r\n" for row in rows)


def _euro(random: Random) -> str:
    return f"{random.uniform(40, 900):.2f}".replace(".", ",")
