"""The scripts of the imaptest corpus as oracles: messages, and what a server says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.support import corpora

CORPUS = "imaptest-basic"
_RESPONSE = re.compile(r"^\* (\d+) FETCH \((ENVELOPE|BODY|BODYSTRUCTURE) (\(.*\))\)$", re.MULTILINE | re.IGNORECASE)
_SECTION = re.compile(r"^\* (\d+) fetch \(body\[([\d.]+)\] \{\{\{\n(.*?)\n\}\}\}\)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Script:
    """`answers`: (number of the message, item, value); `sections`: (number of the message, section, octets)."""

    messages: list[bytes]
    answers: list[tuple[int, str, bytes]]
    sections: list[tuple[int, str, bytes]]


def script(name: str) -> Script:
    folder = corpora.FOLDER / CORPUS
    text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    mbox = (folder / f"{name}.mbox.txt").read_bytes().replace(b"\n", b"\r\n")
    letters = re.split(rb"^From .*\r\n", mbox, flags=re.MULTILINE)[1:]
    answers = [(int(number), item.lower(), form.encode()) for number, item, form in _RESPONSE.findall(text)]
    sections = [
        (int(number), path, octets.replace("\n", "\r\n").encode()) for number, path, octets in _SECTION.findall(text)
    ]
    return Script(letters, answers, sections)
