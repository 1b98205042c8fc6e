"""Every address of the site."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from webmail.dashboard.relays import site
from webmail.views import (
    account,
    act,
    autoconfig,
    autodiscover,
    compose,
    conversation,
    drafts,
    external,
    external_report,
    failing,
    folders,
    health,
    live,
    mailbox,
    message,
    mta_sts,
    password,
    programs,
    receipts,
    scheduled,
    search,
    send,
    signin,
    welcome,
)
from webmail.views import path as path_page


def later(request: HttpRequest, **ids: int) -> HttpResponse:
    """Named already so that templates can link to it; the page itself is in work."""
    raise Http404


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("signin/", signin.signin, name="signin"),
    path("signout/", signin.signout, name="signout"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("", mailbox.inbox, name="inbox"),
    path("mail/<int:mailbox_id>/", mailbox.mailbox, name="mailbox"),
    path("mail/<int:mailbox_id>/<int:thread_id>/", conversation.conversation, name="conversation"),
    path("starred/", mailbox.starred, name="starred"),
    path("live/", live.live, name="live"),
    path("changed/", live.changed, name="changed"),
    path("picture/<str:token>/", message.picture, name="picture"),
    path("picture/elsewhere/<str:token>/", message.remote_picture, name="remote_picture"),
    path("search/", search.search, name="search"),
    path("folders/", folders.folders, name="folders"),
    path("folders/new/", folders.new_folder, name="new_folder"),
    path("account/", account.account, name="account"),
    path("account/password/", password.password, name="password"),
    path("account/programs/", programs.setup, name="programs"),
    path("account/programs/apple/", programs.apple, name="apple_profile"),
    path("mail/config-v1.1.xml", autoconfig.autoconfig, name="autoconfig"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", autoconfig.autoconfig, name="autoconfig_well_known"),
    path("autodiscover/autodiscover.xml", autodiscover.discover, name="autodiscover"),
    path("Autodiscover/Autodiscover.xml", autodiscover.discover, name="autodiscover_capitals"),
    path("account/failing/", failing.failing, name="failing"),
    path(".well-known/mta-sts.txt", mta_sts.policy, name="mta_sts"),
    path("account/import/", external.external, name="external"),
    path("account/import/<int:external_id>/", external_report.external_report, name="external_report"),
    path("account/import/<int:external_id>/act/", external_report.external_act, name="external_act"),
    path("account/import/<int:external_id>/password/", external_report.external_password, name="external_password"),
    path("act/", act.act, name="act"),
    path("undo/<int:step_id>/", act.undo, name="undo"),
    path("message/<int:message_id>/frame/", message.message_frame, name="message_frame"),
    path("message/<int:message_id>/card/", conversation.card, name="card"),
    path("message/<int:message_id>/star/", conversation.star, name="star"),
    path("message/<int:message_id>/download/", message.message_download, name="message_download"),
    path("message/<int:message_id>/attachments.zip", message.all_attachments, name="all_attachments"),
    path("message/<int:message_id>/source/", message.message_source, name="message_source"),
    path("message/<int:message_id>/attachment/<str:section>/", message.attachment, name="attachment"),
    path("message/<int:message_id>/path/", path_page.path, name="path"),
    path("message/<int:message_id>/path/act/", path_page.path_act, name="path_act"),
    path("message/<int:message_id>/receipt/", receipts.receipt, name="receipt"),
    path("message/<int:message_id>/again/", compose.again, name="again"),
    path("compose/", compose.new, name="compose"),
    path("compose/save/", drafts.save, name="compose_save"),
    path("compose/send/", send.send, name="compose_send"),
    path("compose/discard/", drafts.discard, name="compose_discard"),
    path("scheduled/", scheduled.scheduled, name="scheduled"),
    path("scheduled/<int:entry_id>/", scheduled.scheduled_act, name="scheduled_act"),
    path("unsend/<str:reference>/", scheduled.unsend, name="unsend"),
    path("compose/people/", drafts.people, name="people"),
    path("drafts/<int:message_id>/", compose.draft, name="draft"),
    path("message/<int:message_id>/reply/", compose.reply, name="reply"),
    path("message/<int:message_id>/reply-all/", compose.reply_all, name="reply_all"),
    path("message/<int:message_id>/forward/", compose.forward, name="forward"),
    path("admin/", site.urls),
]

handler400 = "webmail.errors.bad_request"
handler403 = "webmail.errors.permission_denied"
handler404 = "webmail.errors.not_found"
handler500 = "webmail.errors.server_error"
