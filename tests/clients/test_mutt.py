"""mutt, told what to do instead of being typed at."""

from __future__ import annotations

import shlex
import shutil

import pytest

from tests.clients import programs

CONFIG = """
set imap_user="{user}" imap_pass="{password}" ssl_force_tls=yes ssl_starttls=yes
set ssl_ca_certificates_file="{certificate}" certificate_file="{home}/accepted"
set folder="{url}" spoolfile="+INBOX" record="=Sent" postponed="=Drafts" trash=""
set header_cache="{home}/cache" message_cachedir="{home}/cache"
set confirmappend=no confirmcreate=no delete=yes quit=yes move=no mark_old=no wait_key=no beep=no copy=yes
set sendmail="/bin/true" use_from=yes from="{user}" realname="Alice" sort=threads timeout=1 resolve=no
"""


@pytest.fixture(params=["imaps", "imap"])
def mutt(alice, tmp_path, request):
    """Opens a folder in a terminal and pushes these keys, the last of which quit."""
    (tmp_path / "cache").mkdir()
    host, port = alice.imaps if request.param == "imaps" else alice.imap
    config = CONFIG.format(
        user=alice.address,
        password=alice.password,
        certificate=alice.certificate,
        home=tmp_path,
        url=f"{request.param}://{host}:{port}/",
    )
    (tmp_path / "muttrc").write_text(config)

    def run(keys, folder="+INBOX"):
        programs.find("mutt")
        if shutil.which("script") is None:
            pytest.skip("NO script HERE: mutt has no terminal (on Debian: apt-get install bsdutils)")
        command = shlex.join(["mutt", "-n", "-F", "muttrc", "-f", folder, "-e", f"push '{keys}'"])
        return programs.run(tmp_path, "script", "--quiet", "--return", "--command", command, "/dev/null").stdout

    return run


def test_it_opens_reads_flags_moves_and_deletes(alice, mutt):
    for subject in ("Stays", "Moves", "Goes"):
        alice.put(subject)
    mutt(
        "<search>~s Stays<enter><flag-message><display-message><exit>"
        "<search>~s Moves<enter><save-message>=Archive<enter>"
        "<search>~s Goes<enter><delete-message><quit>"
    )
    assert alice.subjects("Archive") == ["Moves"]
    assert alice.flags("INBOX") == {"Stays": ("\\Flagged", "\\Seen")}
    page = alice.page()
    assert "Stays" in page.text
    assert "Goes" not in page.text
    mutt("<quit>")
    assert alice.flags("INBOX") == {"Stays": ("\\Flagged", "\\Seen")}


def test_it_makes_folders_and_copies(alice, mutt):
    alice.put("Crepes")
    mutt("<copy-message>=Recipes<enter><quit>")
    assert alice.subjects("Recipes") == ["Crepes"]
    assert alice.subjects("INBOX") == ["Crepes"]
    assert "Recipes" in alice.page().text


def test_it_keeps_what_it_sent(alice, mutt, tmp_path):
    programs.run(tmp_path, "mutt", "-n", "-F", "muttrc", "-s", "Sent with mutt", "bob@hamburger.edu")
    assert alice.subjects("Sent") == ["Sent with mutt"]
    assert alice.flags("Sent") == {"Sent with mutt": ("\\Seen",)}
    assert "Sent with mutt" in alice.page("Sent").text
