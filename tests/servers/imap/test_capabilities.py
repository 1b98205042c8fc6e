"""Nothing is announced that has no test: each capability with a dialogue that shows it."""

from __future__ import annotations

import importlib
import re

from mailserver.services import administration
from mailserver.store.models import AuditEntry
from tests.servers.imap import test_signin

# Capability → (module, test).
SHOWN = {
    "IMAP4rev1": ("test_select", "test_select_tells_all_there_is_to_know"),
    "IMAP4rev2": ("test_rev2", "test_recent_is_gone"),
    "ID": ("test_others", "test_id_is_answered_with_an_id"),
    "ENABLE": ("test_others", "test_enable_passes_over_what_it_does_not_know"),
    "IDLE": ("test_idle", "test_new_mail_is_told_at_once"),
    "LITERAL+": ("test_append", "test_literals_stand_for_any_string"),
    "SASL-IR": ("test_signin", "test_authenticate_with_initial_response"),
    "NAMESPACE": ("test_others", "test_namespace"),
    "UNSELECT": ("test_others", "test_unselect_leaves_what_is_marked"),
    "UIDPLUS": ("test_copying", "test_uid_expunge_takes_only_these"),
    "MOVE": ("test_copying", "test_move"),
    "CHILDREN": ("test_listing", "test_children_are_told"),
    "SPECIAL-USE": ("test_listing", "test_special_uses"),
    "CREATE-SPECIAL-USE": ("test_listing", "test_create_for_a_use"),
    "LIST-EXTENDED": ("test_listing", "test_extended_list"),
    "LIST-STATUS": ("test_listing", "test_list_with_status_asks_once"),
    "STATUS=SIZE": ("test_listing", "test_status"),
    "ESEARCH": ("test_search", "test_esearch"),
    "SEARCHRES": ("test_search", "test_saved_results"),
    "CONDSTORE": ("test_condstore", "test_unchanged_since"),
    "QRESYNC": ("test_condstore", "test_resync"),
    "WITHIN": ("test_search", "test_keys"),
    "SORT": ("test_sorting", "test_sort"),
    "SORT=DISPLAY": ("test_sorting", "test_sort"),
    "ESORT": ("test_sorting", "test_esort"),
    "THREAD=REFERENCES": ("test_sorting", "test_thread_by_references"),
    "THREAD=REFS": ("test_sorting", "test_refs_leaves_subjects_alone"),
    "THREAD=ORDEREDSUBJECT": ("test_sorting", "test_thread_by_subject"),
    "APPENDLIMIT": ("test_append", "test_the_limit_is_told_and_held"),
    "MULTIAPPEND": ("test_append", "test_several_are_taken_together"),
    "BINARY": ("test_fetch", "test_binary"),
    "QUOTA": ("test_quota", "test_what_is_used_and_may_be"),
    "QUOTA=RES-STORAGE": ("test_quota", "test_what_is_used_and_may_be"),
    "OBJECTID": ("test_fetch", "test_object_ids_go_with_the_message"),
    "PREVIEW": ("test_fetch", "test_preview"),
    "SAVEDATE": ("test_fetch", "test_save_date"),
    "UTF8=ACCEPT": ("test_rev2", "test_utf8_mail"),
    "COMPRESS=DEFLATE": ("test_compress", "test_all_goes_on_as_before"),
    "NOTIFY": ("test_notify", "test_the_selected_mailbox"),
    "REPLACE": ("test_append", "test_replace"),
    "XLIST": ("test_listing", "test_xlist_knows_the_older_words"),
}


def test_all_that_is_announced_is_shown(bob_in):
    (line,) = bob_in.ok("CAPABILITY")
    announced = {word.split("=")[0] if word.startswith("APPENDLIMIT") else word for word in line.decode().split()[1:]}
    assert announced == SHOWN.keys()
    for module, name in SHOWN.values():
        assert callable(getattr(importlib.import_module(f"tests.servers.imap.{module}"), name))


def test_so_are_the_ways_to_sign_in(connect, db):
    (line,) = connect().ok("CAPABILITY")
    ways = {word.removeprefix("AUTH=") for word in line.decode().split() if word.startswith("AUTH=")}
    assert ways == {*test_signin.WAYS, "SCRAM-SHA-256"}
    assert callable(test_signin.test_scram)


def test_an_account_may_be_spared_some(connect, bob):
    administration.hide_capabilities(account_id=bob.pk, names="qresync Thread imap4rev1 qresync", by="Root")
    client = connect(bob.address)
    (line,) = client.ok("CAPABILITY")
    assert SHOWN.keys() - set(re.sub(r"(APPENDLIMIT)=\d+", r"\1", line.decode()).split()) == {
        *("QRESYNC", "THREAD=REFERENCES", "THREAD=REFS", "THREAD=ORDEREDSUBJECT")
    }
    assert client.ok("ENABLE QRESYNC CONDSTORE") == [b"ENABLED CONDSTORE"]
    assert AuditEntry.objects.get().detail == {"hidden": "QRESYNC THREAD IMAP4REV1"}
