"""An alarm: why an account was stopped, what is on hold, and the two buttons that end it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mailserver.errors import NotFound
from mailserver.services import alarm_acts, alarms, queue_list
from mailserver.services.queue_list import Filter
from mailserver.store.models import SendingAlarm
from webmail.dashboard.queue_acts import who
from webmail.dashboard.queue_filter import address
from webmail.dashboard.queue_lines import line

SHOWN = 10


@require_safe
def page(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """The alarm, open or over."""
    alarm = SendingAlarm.objects.select_related("account").filter(pk=alarm_id).first()
    if alarm is None:
        raise Http404
    held = Filter("held", account=alarm.account.address)
    open_ = alarm.closed_at is None
    context = {
        **admin.site.each_context(request),
        "title": f"{alarm.account.address} is on hold" if open_ else f"{alarm.account.address} was on hold",
        "here": "queue",
        "alarm": alarm,
        "reasons": alarms.describe(alarm),
        "held": held.rows().count() if open_ else 0,
        "lines": [line(row) for row in queue_list.page(held).rows[:SHOWN]] if open_ else [],
        "all": f"{reverse('admin:queue')}?{address(held)}",
    }
    return render(request, "admin/alarm.html", context)


@require_POST
def act(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """`act`: release; discard, which asks; quietly or report, which discard."""
    name, by = request.POST.get("act"), who(request)
    if name not in ("release", "discard", "quietly", "report"):
        raise Http404
    alarm = SendingAlarm.objects.select_related("account").filter(pk=alarm_id).first()
    if alarm is None:
        raise Http404
    if name == "discard":
        context = {**admin.site.each_context(request), "title": "Discard all of it?", "here": "queue", "alarm": alarm}
        return render(request, "admin/alarm_sure.html", context)
    try:
        if name == "release":
            messages.success(request, f"{alarm_acts.release(alarm_id, by=by):,} released.")
        else:
            messages.success(request, f"{alarm_acts.discard(alarm_id, by=by, report=name == 'report'):,} discarded.")
    except NotFound as error:
        messages.info(request, str(error))
    return redirect("admin:alarm", alarm_id)
