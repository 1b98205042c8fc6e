"""One's list of failing addresses, and taking one off it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mailserver.services import suppression
from webmail.access import account, signed_in
from webmail.rendering.second_thoughts import why

MOST = 500


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def failing(request: HttpRequest) -> HttpResponse:
    """Show it; with `remove` (a number) write to that address again."""
    reader = account(request).pk
    if request.method == "POST":
        number = request.POST.get("remove", "")
        if not number.isdecimal() or len(number) > 18:
            raise Http404
        messages.success(request, f"Mail to {suppression.remove(reader, int(number))} is sent again.")
        return redirect("failing")
    rows = [(row, why(row)) for row in suppression.active(reader)[:MOST]]
    return render(request, "failing/page.html", {"rows": rows, "current": "account"})
