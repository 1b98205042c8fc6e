"""The stream of changes to an open page (server-sent events), and what the page asks when it hears one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailserver.services import changes, threads, undelivered
from mailserver.store.models import Account
from webmail.access import account, signed_in
from webmail.live import hub
from webmail.rendering.rows import RowMaker

PING = 15.0
PINGS_BETWEEN_CHECKS = 4


async def live(request: HttpRequest) -> HttpResponseBase:
    """`event: change` with mailbox id → modseq after each change, a comment every 15 s; ends when the session does.

    A session that ended, or an account that was switched off, hears of no change any more.
    """
    reader = await sync_to_async(_reader)(request)
    if request.method != "GET" or reader is None:
        return HttpResponse(status=204)  # the one answer that keeps a browser from asking again
    response = StreamingHttpResponse(_events(request, reader.pk), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["Content-Encoding"] = "identity"
    return response


async def _events(request: HttpRequest, account_id: int) -> AsyncIterator[str]:
    async with hub().listening(account_id) as queue:
        yield "retry: 2000\nevent: change\ndata: {}\n\n"
        pings = 0
        while True:
            try:
                event = f"event: change\ndata: {await asyncio.wait_for(queue.get(), PING)}\n\n"
                due = True
            except TimeoutError:
                event, pings = ": still here\n\n", pings + 1
                due = pings % PINGS_BETWEEN_CHECKS == 0
            if due and not await sync_to_async(_still_signed_in)(request, account_id):
                yield "event: signedout\ndata: {}\n\n"
                return
            yield event


# A stream lasts as long as its page. It must not keep a connection of the pool: a dozen tabs would take them all.


def _reader(request: HttpRequest) -> Account | None:
    try:
        return request.user if isinstance(request.user, Account) and request.user.is_authenticated else None
    finally:
        connections.close_all()


def _still_signed_in(request: HttpRequest, account_id: int) -> bool:
    """As the next page would find it: the session is there, the account switched on, the password the same."""
    asked = HttpRequest()
    asked.session = type(request.session)(request.session.session_key)
    try:
        return bool(get_user(asked).pk == account_id)
    finally:
        connections.close_all()


@require_safe
@signed_in
def changed(request: HttpRequest) -> HttpResponse:
    """Counts of all folders; with `?mailbox=&since=` also that folder's lines which changed after a modseq."""
    context = {}
    mailbox, since = request.GET.get("mailbox", ""), request.GET.get("since", "")
    if all(text.isdecimal() and len(text) < 19 for text in (mailbox, since)):
        reader = account(request).pk
        found = changes.since(reader, int(mailbox), int(since))
        known = {line.thread_id for line in found.lines}
        returned = [(int(mailbox), thread) for thread in undelivered.lately(reader) - known]
        rows = RowMaker(reader).rows([*found.lines, *(threads.lines(reader, returned) if returned else ())])
        context = {"changes": found, "rows": rows}
    return render(request, "mailbox/_changes.html", context)
