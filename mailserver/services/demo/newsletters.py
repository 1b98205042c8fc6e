"""Newsletters as their senders make them: HTML in tables, remote pictures, a counting pixel, List-Unsubscribe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from html import escape
from string import Template
from typing import Any

from mailserver.mail import compose
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Draft
from mailserver.services.demo import data, people, recurring
from mailserver.services.demo.people import Person
from mailserver.services.demo.post import Post
from mailserver.services.demo.recurring import Issue
from mailserver.services.demo.stories import keeping, message_id
from mailserver.services.demo.wording import month


def posts(now: datetime) -> Iterator[Post]:
    """Every issue of every newsletter; each has a lead of its own, none comes twice."""
    for name in data.names("newsletters"):
        row = data.table(name)
        row["count"] = len(row["leads"])
        sender = people.person(row)
        for issue in recurring.issues(row, now, sender.zone):
            yield _post(f"{name}/{issue.number}", row, sender, issue, now)


def _post(seed: str, row: dict[str, Any], sender: Person, issue: Issue, now: datetime) -> Post:
    title, lead = row["leads"][issue.number]
    shorts = issue.random.sample(row["shorts"], min(3, len(row["shorts"])))
    kept = keeping(row)
    reader = next(iter(kept))
    host = f"www.{row['list_id'].partition('.')[2]}"
    raw = compose.build(
        Draft(
            sender=sender.mailbox,
            to=[HeaderAddress("", reader)],
            subject=title,
            text=_text(row, title, lead, shorts, f"https://{host}/{issue.number + 1}"),
            html=_html(row, issue, host, title, lead, shorts),
            message_id=message_id(seed, sender.address),
            date=issue.at,
            extra=[
                ("List-Id", f"{sender.name} <{row['list_id']}>"),
                ("List-Unsubscribe", f"<https://{host}/leave/{issue.number + 1}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Precedence", "bulk"),
            ],
        )
    )
    received = {(account, account): recurring.place(rules, issue.at, now) for account, rules in kept.items()}
    return Post(raw, issue.at, f"bounce+{issue.number}@{row['list_id']}", sender.route, received)


def _text(row: dict[str, Any], title: str, lead: str, shorts: Sequence[Sequence[str]], link: str) -> str:
    pieces = [row["greeting"], f"{title.upper()}\n\n{lead}\n{link}"]
    pieces += [f"* {head}: {text}" for head, text in shorts]
    return "\n\n".join([*pieces, row["farewell"]])


def _html(row: dict[str, Any], issue: Issue, host: str, title: str, lead: str, shorts: Sequence[Sequence[str]]) -> str:
    at, number = issue.at, issue.number + 1
    values = {key: escape(str(row[key])) for key in ("name", "language", "greeting", "more", "farewell", "leave")}
    return _page().substitute(
        values,
        accent=row["accent"],
        title=escape(title),
        lead=escape(lead),
        preheader=escape(lead[:90]),
        dateline=f"n° {number + 40} · {at.day} {month(row['language'], at)} {at.year}",
        shorts="".join(
            f'<p class="short" style="font-size:15px;line-height:1.55;padding-top:12px"><b>{escape(head)}.</b>'
            f" {escape(text)}</p>"
            for head, text in shorts
        ),
        link=f"https://{host}/{number}?utm_source=letter&amp;utm_medium=email",
        leave_link=f"https://{host}/leave/{number}",
        image=f"https://img.{host.removeprefix('www.')}/{number}/lead.jpg",
        pixel=f"https://count.{host.removeprefix('www.')}/o.gif?n={number}&amp;r=7c1e",
    )


@cache
def _page() -> Template:
    return Template((data.FOLDER / "newsletter.html").read_text(encoding="utf-8"))
