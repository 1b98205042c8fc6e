"""The failing addresses of all accounts: looked at, and taken off their lists."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from mailserver.services import suppression
from webmail.rendering.second_thoughts import why

PAGE = 100


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """`?q=` a part of an address or of an account's, `?from=` how many to skip; `remove` takes one off."""
    if request.method == "POST":
        number = request.POST.get("remove", "")
        if not number.isdecimal() or len(number) > 18:
            raise Http404
        messages.success(request, f"Mail to {suppression.remove_for_anybody(int(number))} is sent again.")
        return redirect("admin:failing")
    offset = request.GET.get("from", "0")
    if not offset.isdecimal() or len(offset) > 9:
        raise Http404
    query, start = request.GET.get("q", "")[:320].strip(), int(offset)
    found = list(suppression.everywhere(query)[start : start + PAGE + 1])
    context = {
        **admin.site.each_context(request),
        "title": "Failing addresses",
        "here": "failing",
        "rows": [(row, why(row)) for row in found[:PAGE]],
        "query": query,
        "next": start + PAGE if len(found) > PAGE else None,
    }
    return render(request, "admin/failing.html", context)
