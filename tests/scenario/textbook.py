"""The textbook, played by two complete servers: Alice at crepes.fr writes to Bob at hamburger.edu.

`make scenario` prints it; `test_textbook.py` checks it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.support.instance import Instance
from tests.support.page_client import Page, PageClient, Upload

ALICE, BOB = "alice@crepes.fr", "bob@hamburger.edu"
PASSWORD = "buckwheat, butter, patience"
SUBJECT = "Crêpes on Sunday"
TEXT = "Dear Bob,\n\nthe batter has rested and so have I. Come at noon; the recipe is attached.\n\nAlice"
RECIPE = Upload("recette.txt", "text/plain", b"Farine, eau, sel, une nuit.\n.\n" * 200)
PATIENCE = 60

_SIDES = {"server": "S:", "client": "C:", "note": "  --"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stop:
    """One of the six steps as Alice's path page tells it."""

    title: str
    sentence: str
    when: str
    state: str


@dataclass(frozen=True)
class Story:
    """What was seen, `stops` on Alice's path page and `arrival` on Bob's.

    `dialogue`: (side, line) as the two servers said it, side 'client', 'server' or 'note'.
    """

    sent: str
    headline: str
    stops: list[Stop]
    arrival: list[Stop]
    dialogue: list[tuple[str, str]]
    source: str
    conversation: str
    recipe: bytes


def play(say: Say) -> Story:
    """Start both servers, let it happen, stop them again."""
    say("Two complete servers start: crepes.fr and hamburger.edu, each with its own database, queue and page.")
    with _servers() as (crepes, hamburger):
        say(f"  crepes.fr     {crepes.ready['web']}   takes mail at {crepes.ready['mx']}")
        say(f"  hamburger.edu {hamburger.ready['web']}   takes mail at {hamburger.ready['mx']}\n")
        alice = PageClient.signed_in(crepes.ready["web"], ALICE, PASSWORD)
        sent = _write(alice, say)
        story = _read(hamburger, sent, _wait_for_path(sent))
        _tell(story, say)
        return story


@contextmanager
def _servers() -> Iterator[tuple[Instance, Instance]]:
    """Both instances, each with its domain, its person, and a route to the other."""
    crepes = Instance({"CORREIO_DEMO": "0", "CORREIO_HOSTNAME": "mail.crepes.fr"})
    hamburger = Instance({"CORREIO_DEMO": "0", "CORREIO_HOSTNAME": "mx1.hamburger.edu"})
    for one, other, domain in ((crepes, hamburger, "hamburger.edu"), (hamburger, crepes, "crepes.fr")):
        one.environ["CORREIO_ROUTES"] = f"{domain}=127.0.0.1:{other.environ['CORREIO_MX_PORT']}"
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        for instance in (crepes, hamburger):
            stack.callback(instance.remove)
        for future in [pool.submit(_start, crepes, ALICE, "Alice"), pool.submit(_start, hamburger, BOB, "Bob")]:
            future.result()
        yield crepes, hamburger


def _start(instance: Instance, address: str, name: str) -> None:
    """The first-run page makes the domain and its first account."""
    instance.start()
    PageClient.welcomed(instance.ready["web"], address, PASSWORD, name=name)


def _write(alice: PageClient, say: Say) -> Page:
    """Alice fills in the form on her page and presses Send; the page that answers."""
    form = alice.get("/compose/").form("to", "subject", "text")
    page = form.send(to=f"Bob <{BOB}>", subject=SUBJECT, text=TEXT, uploads={"uploads": RECIPE})
    assert page.status == 200, page.text
    say(f"Alice writes to {BOB} on her page, attaches {RECIPE.name} ({len(RECIPE.data):,} bytes) and presses Send.\n")
    return page


def _wait_for_path(sent: Page) -> Page:
    """The path page, once the other server has the message."""
    url, end = sent.link("Path"), time.monotonic() + PATIENCE
    while True:
        page = sent.client.get(url)
        if page.tree.css_first(".talk li") is not None:
            return page
        assert time.monotonic() < end, page.text
        time.sleep(0.1)


def _read(hamburger: Instance, sent: Page, path: Page) -> Story:
    """Bob signs in to his server, opens the message, takes the file and looks how the message came."""
    bob = PageClient.signed_in(hamburger.ready["web"], BOB, PASSWORD)
    conversation = bob.get("/").follow(SUBJECT)
    # A browser with scripts sends this form by itself when the conversation opens.
    conversation.form("line", "quiet", "do").send()
    file = bob.get(conversation.address("a.file"))
    source = bob.get(conversation.address('a[href*="/source/"]'))
    return Story(
        sent=sent.text,
        headline=_words(path, ".path h1"),
        stops=list(_stops(path)),
        arrival=list(_stops(bob.get(conversation.address('a[href*="/path/"]')))),
        dialogue=list(_dialogue(path)),
        source=source.text,
        conversation=conversation.text,
        recipe=file.content,
    )


def _stops(path: Page) -> Iterator[Stop]:
    for node in path.tree.css(".stop-item"):
        what, when = node.css_first(".what"), node.css_first(".when")
        title, sentence = what.css_first("h2"), what.css_first("p")
        yield Stop(
            title=title.text().strip(),
            sentence=" ".join(sentence.text().split()),
            when=" ".join(when.text(separator=" ").split()),
            state=(node.attributes.get("class") or "").removeprefix("stop-item").strip(),
        )


def _dialogue(path: Page) -> Iterator[tuple[str, str]]:
    for node in path.tree.css(".talk li"):
        kinds, code = (node.attributes.get("class") or "").split(), node.css_first("code")
        side = "note" if "pause" in kinds else "server" if "s" in kinds else "client"
        yield side, (code or node).text().strip()


def _words(page: Page, selector: str) -> str:
    node = page.tree.css_first(selector)
    return " ".join(node.text().split()) if node else ""


def _tell(story: Story, say: Say) -> None:
    say(f"{story.headline}\n")
    for number, stop in enumerate(story.stops, 1):
        _tell_stop(number, stop, say)
        if number == 4:
            for side, line in story.dialogue:
                for piece in line.splitlines():
                    say(f"     {_SIDES[side]} {piece}")
            say("")
    say("What Bob sees at hamburger.edu, in the message he has opened:\n")
    for number, stop in enumerate(story.arrival, 1):
        if number > 3:
            _tell_stop(number, stop, say)
    same = "the same" if story.recipe == RECIPE.data else "NOT the same"
    say(f"He downloads {RECIPE.name}: {len(story.recipe):,} bytes, {same} as Alice's.")


def _tell_stop(number: int, stop: Stop, say: Say) -> None:
    say(f"  {number}  {stop.title:<46} {stop.when}".rstrip())
    say(f"     {stop.sentence}\n")


def main() -> None:
    """Print the story."""
    play(lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()
