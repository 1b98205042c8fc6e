"""IMAP SEARCH against a reading of every message by other means, for any way of joining what is asked for."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailserver.mail import bodies, charset, htmltext, lexemes, structure
from mailserver.mail.addresslists import parse_list
from mailserver.mail.dates import written_day
from mailserver.mail.headers import Headers, decoded
from mailserver.mail.lexemes import Kind
from mailserver.mail.message import parse
from mailserver.mail.searchkeys import (
    All,
    And,
    BodyHas,
    Dated,
    HasFlag,
    HeaderHas,
    ModSeq,
    Not,
    Or,
    Size,
    TextHas,
    Uids,
)
from mailserver.mail.searchterms import fold
from mailserver.services import imapsearch, messages, searchindex
from mailserver.store.models import MailboxMessage
from mailserver.store.models.mailbox import Flag
from tests.support import corpora
from tests.support.mail import message

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 23)
LARGEST, OF_EACH = 60_000, 25
WORDS = ["Crêpe", "night", "nightly", "INV-2024/0031", "Straße", "graham", "ham", "東京駅", "☂", "it's", "Київ", "test"]
ASKED = ["crepe", "nigh", "night crepe", "inv-2024", "0031 stra", "rah", "ham", "ham it", "am night", "東京", "京", "☂"]
ASKED += ["київ", "test", "message", "http", "est", "x-mailer", "hamburger", "Bob <bob@", "the ", "absent", ""]
NAMES = ["SUBJECT", "FROM", "TO", "CC", "BCC", "Received", "X-Mailer", "Content-Type", "Date", "Reply-To", "Sender"]


class Letter:
    """One message, read from its octets."""

    def __init__(self, raw: bytes, entry: MailboxMessage) -> None:
        self.raw, self.entry = raw, entry
        self.root = structure.scan(raw)
        self.headers = Headers(raw, 0, self.root.body_start)
        self.parsed = parse(raw)
        people = [f"{self.parsed.sender.name} {self.parsed.sender.address}" if self.parsed.sender else ""]
        people.append(", ".join(f"{p.name} {p.address}" for p in [*self.parsed.to, *self.parsed.cc, *self.parsed.bcc]))
        self.header_words = [list(lexemes.words(text)) for text in (self.parsed.subject, *people)]
        self.text = self._text()
        self.body_words = [list(lexemes.words(self.text))]

    def _text(self) -> str:
        found = bodies.select(self.root)
        text = self._read(found.plain)
        if len(text) < 400:
            text += "\n" + self._read([part for part in found.html if part not in found.plain])
        return "\n".join([*(name for name, *_ in self.parsed.attachments), text])

    def _read(self, parts: list[structure.Part]) -> str:
        texts = []
        for part in parts:
            if part.type in ("text/plain", "text/html"):
                text = charset.decode(structure.content(self.raw, part), part.charset)
                texts.append(htmltext.quick(text, quotes=True) if part.type == "text/html" else text)
        return "\n".join(texts)

    def fields(self, name: str) -> list[str]:
        """The texts a field is searched in."""
        if name not in self.headers:
            return []
        if name == "subject":
            return [self.headers.get(name)[:998]]
        if name == "from":
            return [_people(self.headers.unfolded(name))] if _people(self.headers.unfolded(name)) else []
        if name in ("to", "cc", "bcc"):
            return [_people(self.headers.undecoded(name))] if _people(self.headers.undecoded(name)) else []
        return [decoded(field.value) for field in self.headers.fields if field.name == name]


def _people(text: str) -> str:
    return ", ".join(f"{person.name} {person.address}" for person in parse_list(text))


def _has_field(letter: Letter, name: str, text: str) -> bool:
    if not text:
        return name in letter.headers
    if name in ("from", "to", "cc", "bcc"):
        text = " ".join(text.replace("<", " ").replace(">", "").split())
    return any(fold(text) in fold(value).strip() for value in letter.fields(name))


def _follow(run: list, asked: list, *, pieces: bool) -> bool:
    """Whether the words follow each other somewhere in the run."""
    wanted = [(place, kind, word) for place, (kind, word) in enumerate(asked) if kind is not Kind.LAST]
    for start in range(len(run)):
        for index, (place, kind, word) in enumerate(wanted):
            if start + place >= len(run) or not _fits(
                run[start + place][1], kind, word, index == 0, index == len(wanted) - 1, pieces
            ):
                break
        else:
            return True
    return False


def _fits(there: str, kind: Kind, word: str, first: bool, last: bool, pieces: bool) -> bool:
    if pieces:
        begins, ends = (there.startswith(word) or first), (there.endswith(word) or last)
        return word in there and begins and ends
    if kind is Kind.SINGLE or (last and kind is Kind.WORD and len(word) > 2):
        return there.startswith(word)
    return there == word


def _with_text(letters: dict[int, Letter], text: str, *, body: bool) -> set[int]:
    folded = fold(text)
    asked = list(lexemes.words(text))

    def runs(letter: Letter) -> list:
        return letter.body_words if body else [*letter.header_words, *letter.body_words]

    def in_headers(letter: Letter) -> bool:
        return any(folded in fold(f"{field.name}: {decoded(field.value)}") for field in letter.headers.fields)

    def found(pieces: bool) -> set[int]:
        return {uid for uid, it in letters.items() if any(_follow(run, asked, pieces=pieces) for run in runs(it))}

    if not asked:
        return {uid for uid, it in letters.items() if folded in fold(it.text) or (not body and in_headers(it))}
    hits = found(False)
    if not body:
        hits |= {uid for uid, it in letters.items() if folded in it.parsed.search_header}
    if not hits and all(kind is Kind.WORD for kind, _ in asked) and any(len(word) > 2 for _, word in asked):
        hits = found(True)
    if not hits and not body:
        hits = {uid for uid, it in letters.items() if in_headers(it)}
    return hits


def _compared(day: date, key: Dated) -> bool:
    return {"before": day < key.day, "on": day == key.day, "since": day >= key.day}[key.comparison]


def expected(letters: dict[int, Letter], key) -> set[int]:
    """The UIDs that match, one message after the other."""
    match key:
        case All():
            return set(letters)
        case Not(inner):
            return set(letters) - expected(letters, inner)
        case Or(one, other):
            return expected(letters, one) | expected(letters, other)
        case And(keys):
            return set(letters).intersection(*(expected(letters, inner) for inner in keys))
        case TextHas(text) | BodyHas(text):
            return _with_text(letters, text, body=isinstance(key, BodyHas))
    return {uid for uid, letter in letters.items() if _matches(letter, key)}


def _matches(letter: Letter, key) -> bool:
    entry = letter.entry
    match key:
        case HeaderHas(name, text):
            return _has_field(letter, name.lower(), text)
        case HasFlag(name, on):
            return bool(entry.flags & {"\\Seen": Flag.SEEN, "$Junk": Flag.JUNK}[name]) is on
        case Size(octets, above):
            return len(letter.raw) > octets if above else len(letter.raw) < octets
        case Dated("sent"):
            day = written_day(letter.headers.unfolded("date"))
            return day is not None and _compared(day, key)
        case Dated("internal"):
            return _compared(entry.at.date(), key)
        case ModSeq(at_least):
            return entry.modseq >= at_least
        case Uids(runs):
            return any(low <= entry.uid <= high for low, high in runs)
    raise AssertionError(key)


def made() -> list[bytes]:
    chance = random.Random(4)
    found = []
    for number in range(60):
        zone = chance.choice(["+0000", "-1100", "+1300", "+0530"])
        extra = chance.choice(
            ["", "Cc: Carol <carol@x.pt>\r\n", "Bcc: dave@x.pt\r\nX-Mailer: Moon =?utf-8?q?sh=C3=AFne?=\r\n"]
        )
        guests = ", ".join(f"Guest {n} <guest{n}@x.pt>" for n in range(60))
        raw = message(
            sender=chance.choice(["Bob <bob@hamburger.edu>", "=?utf-8?q?Tom=C3=A1s?= <tomas@x.pt>, bob@hamburger.edu"]),
            to=chance.choice(["Alice <alice@crepes.fr>", f"{guests}, alice@crepes.fr", "undisclosed-recipients:;"]),
            subject=" ".join(chance.choices(WORDS, k=3)),
            message_id=f"{number}@x.pt",
            extra=extra,
            body=" ".join(chance.choices(WORDS, k=chance.choice([2, 9]))) + "\r\n",
        )
        found.append(
            raw.replace(b"23 Nov 2026 10:00:00 +0000", f"{chance.randint(21, 25)} Nov 2026 10:00:00 {zone}".encode())
        )
    return found


def written() -> list[bytes]:
    """Some of each corpus, unless they are missing."""
    found = []
    for name in corpora.MESSAGE_CORPORA:
        files = [path.read_bytes() for path in corpora.paths(name)]
        found += [raw for raw in files if len(raw) < LARGEST][:OF_EACH]
    return found


@pytest.fixture
def letters(alice):
    """Alice's Inbox: UID → Letter."""
    box = alice.mailboxes.get(special_use="inbox")
    chance = random.Random(8)
    raws = [*made(), *written()]
    chance.shuffle(raws)
    uids = {}
    for raw in raws:
        at = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=chance.randrange(144))
        flags = chance.choice([0, Flag.SEEN, Flag.JUNK, Flag.SEEN | Flag.JUNK])
        uids[messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=raw, at=at, flags=flags).uid] = raw
    return {entry.uid: Letter(uids[entry.uid], entry) for entry in box.entries.all()}


COMPARISONS = st.sampled_from(["before", "on", "since"])
LEAVES = st.one_of(
    st.builds(TextHas, st.sampled_from(ASKED)),
    st.builds(BodyHas, st.sampled_from(ASKED)),
    st.builds(HeaderHas, st.sampled_from(NAMES), st.sampled_from([*ASKED, "1", "com", "alice", "dave", "2026"])),
    st.builds(Dated, st.sampled_from(["sent", "internal"]), COMPARISONS, st.just(DAY)),
    st.builds(HasFlag, st.sampled_from(["\\Seen", "$Junk"]), st.booleans()),
    st.builds(Size, st.sampled_from([300, 1000, 5000]), st.booleans()),
    st.builds(ModSeq, st.integers(1, 200)),
    st.builds(Uids, st.sampled_from([((1, 30),), ((5, 6), (20, 90)), ((100, 2**32 - 1),), ()])),
    st.just(All()),
)
TREES = st.recursive(
    LEAVES,
    lambda keys: st.one_of(
        st.builds(Not, keys), st.builds(Or, keys, keys), st.builds(And, st.lists(keys, max_size=4).map(tuple))
    ),
    max_leaves=6,
)


def _agree(alice, letters, key) -> None:
    box = next(iter(letters.values())).entry.mailbox_id
    assert imapsearch.find(alice.pk, box, key) == sorted(expected(letters, key)), key


@pytest.mark.slow
def test_any_question_finds_what_reading_every_message_finds(alice, letters):
    for indexed in (0, 40, 1000):
        searchindex.index(limit=indexed)

        @settings(max_examples=60, suppress_health_check=list(HealthCheck))
        @given(TREES)
        def ask(key):
            _agree(alice, letters, key)

        ask()


@pytest.mark.slow
def test_each_single_question_finds_what_reading_every_message_finds(alice, letters):
    searchindex.index(limit=1000)
    found = 0
    for text in ASKED:
        for key in (TextHas(text), BodyHas(text), *(HeaderHas(name, text) for name in NAMES)):
            _agree(alice, letters, key)
            found += bool(expected(letters, key))
    assert found > 50


def test_the_folder_has_every_kind_of_message(alice, letters):
    parsed = [letter.parsed for letter in letters.values()]
    assert any(it.header_cut for it in parsed)
    assert any(it.bcc for it in parsed)
    assert any(it.to and it.cc for it in parsed)
    _agree(alice, letters, TextHas("crepe"))
    _agree(alice, letters, HeaderHas("TO", "alice"))
