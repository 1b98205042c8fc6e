"""Every address of the site."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from webmail.views import compose, drafts, health, send


def later(request: HttpRequest, **ids: int) -> HttpResponse:
    """Named already so that templates can link to it; the page itself is in work."""
    raise Http404


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("signin/", later, name="signin"),
    path("signout/", later, name="signout"),
    path("welcome/", later, name="welcome"),
    path("", later, name="inbox"),
    path("mail/<int:mailbox_id>/", later, name="mailbox"),
    path("mail/<int:mailbox_id>/<int:thread_id>/", later, name="conversation"),
    path("starred/", later, name="starred"),
    path("search/", later, name="search"),
    path("folders/", later, name="folders"),
    path("folders/new/", later, name="new_folder"),
    path("account/", later, name="account"),
    path("undo/<int:step_id>/", later, name="undo"),
    path("message/<int:message_id>/frame/", later, name="message_frame"),
    path("message/<int:message_id>/source/", later, name="message_source"),
    path("message/<int:message_id>/attachment/<str:section>/", later, name="attachment"),
    path("message/<int:message_id>/path/", later, name="path"),
    path("compose/", compose.new, name="compose"),
    path("compose/save/", drafts.save, name="compose_save"),
    path("compose/send/", send.send, name="compose_send"),
    path("compose/discard/", drafts.discard, name="compose_discard"),
    path("compose/people/", drafts.people, name="people"),
    path("drafts/<int:message_id>/", compose.draft, name="draft"),
    path("message/<int:message_id>/reply/", compose.reply, name="reply"),
    path("message/<int:message_id>/reply-all/", compose.reply_all, name="reply_all"),
    path("message/<int:message_id>/forward/", compose.forward, name="forward"),
    path("admin/", admin.site.urls),
]
