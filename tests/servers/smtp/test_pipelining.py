from __future__ import annotations

from mailserver.store.models import Message


def test_it_answers_a_whole_transaction_in_order(hello, bob):
    hello.send("MAIL FROM:<alice@crepes.fr>", "RCPT TO:<nobody@hamburger.edu>", "RCPT TO:<bob@hamburger.edu>", "DATA")
    for code in (250, 550, 250, 354):
        hello.expect(rf"{code} .*")
    hello.send("Subject: one", "", "Hi", ".", "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA")
    for code in (250, 250, 250, 354):
        hello.expect(rf"{code} .*")
    hello.send("Subject: two", "", "Hi", ".", "QUIT")
    hello.expect("250 .*")
    hello.expect("221 .*")
    assert Message.objects.filter(account=bob).count() == 2


def test_it_answers_data_without_recipients(hello, bob):
    hello.send("MAIL FROM:<alice@crepes.fr>", "RCPT TO:<nobody@hamburger.edu>", "DATA", "RSET", "NOOP")
    for code in (250, 550, 554, 250, 250):
        hello.expect(rf"{code} .*")


def test_it_takes_a_thousand_commands_in_one_packet(hello, bob):
    hello.send("MAIL FROM:<alice@crepes.fr>", *(f"RCPT TO:<bob+{number}@hamburger.edu>" for number in range(200)))
    for _ in range(201):
        hello.expect("250 .*")
