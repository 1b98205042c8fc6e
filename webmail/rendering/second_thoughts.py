"""What a careful friend would ask before a message leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailserver.mail import explain
from mailserver.services.drafts import Writing
from mailserver.store.models import Suppression

# "attached", "ci-joint", "em anexo", "adjunto", "im Anhang", "in allegato", "bijlage", "bifogad", 添付, 附件 …
_ATTACHED = re.compile(
    r"\b(?:attach(?:ed|ments?|ing)?|enclosed|(?:ci-|pi[èe]ces? )joint\w*|en annexe|(?:em |no |em o )?anex[oa]s?\b|"
    r"adjunt\w+|anhang|angeh[äa]ngt|anbei|beigef[üu]gt|allegat\w|in allegato|bijlagen?|bijgevoegd|"
    r"bifoga\w*|vedlagt|liitteenä)|添付|附件|附上",
    re.IGNORECASE,
)
_QUOTE_LINE = re.compile(r"^>.*$", re.MULTILINE)
MANY = 20


def ask(writing: Writing, own_text: str) -> list[str]:
    """Sentences to show before sending; none when nothing looks forgotten. `own_text` is the text without the quote."""
    found = []
    mention = _ATTACHED.search(_QUOTE_LINE.sub("", own_text))
    if mention and not writing.kept and not writing.uploads:
        found.append(f"You wrote “{mention[0]}”, but nothing is attached.")
    if not writing.subject:
        found.append("The subject is empty.")
    if len(writing.to) + len(writing.cc) > MANY:
        found.append(
            f"All {len(writing.to) + len(writing.cc)} recipients will see each other’s addresses; Bcc would hide them."
        )
    return found


def failing(rows: Iterable[Suppression]) -> list[str]:
    """A sentence for each recipient whose mail came back again and again."""
    return [f"Mail to {row.address} came back {row.failures} times: {why(row)} Is the address right?" for row in rows]


def why(row: Suppression) -> str:
    """The last reply in plain words, as a sentence."""
    return (
        explain.reply(row.reason, row.address).reason
        if row.reason[:1].isdigit() and row.reason[3:4] == " "
        else explain.explain(0, row.status, row.reason, row.address, final=True).reason
    )
