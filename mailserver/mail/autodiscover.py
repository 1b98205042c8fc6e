"""The question of Microsoft's Autodiscover protocol (MS-OXDSCLI §2.2.3): a small XML document of a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

MAX_SIZE = 16 * 1024
MAX_DEPTH = 4
RESPONSE_SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


@dataclass(frozen=True, slots=True)
class Question:
    """Whose settings, and in which form of an answer. Both as they were written; "" when left out."""

    address: str
    schema: str


def read(body: bytes) -> Question | None:
    """What is asked; None for what is no such question, is larger than MAX_SIZE or has a DOCTYPE.

    Without a DOCTYPE there are no entities that could grow or lead to files (XXE).
    """
    if len(body) > MAX_SIZE:
        return None
    reader = _Reader()
    try:
        reader.parse(body)
    except (expat.ExpatError, _Refused):
        return None
    return Question(reader.texts.get("EMailAddress", ""), reader.texts.get("AcceptableResponseSchema", ""))


class _Refused(Exception):
    """Well-formed, and not what the protocol has."""


class _Reader:
    """The texts below Autodiscover/Request by the names of their elements; the first of each counts."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._path: list[str] = []
        self._text = ""

    def parse(self, body: bytes) -> None:
        parser = expat.ParserCreate("utf-8", " ")  # or UTF-16 by its mark, whatever the document says
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(body, True)

    def _doctype(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, _: object) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text = ""
        expected = ("Autodiscover", "Request")[: len(self._path)]
        if len(self._path) > MAX_DEPTH or tuple(self._path[:2]) != expected:
            raise _Refused

    def _end(self, _: str) -> None:
        name = self._path.pop()
        if len(self._path) == 2:
            self.texts.setdefault(name, self._text.strip())

    def _characters(self, text: str) -> None:
        self._text += text
