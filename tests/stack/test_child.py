"""One process of the run: known to be ready, watched to its end, stopped with everything it started."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mailserver.stack import child
from mailserver.stack.child import Child, ChildDied


@pytest.fixture
def script(tmp_path):
    return lambda text, **more: replace(
        Child("smtp", [sys.executable, "-uc", text], cwd=Path("/"), environ=os.environ), **more
    )


@pytest.fixture
def run(tmp_path):
    """Start a child, give it to the coroutine function, and give its result and what was said."""

    def go(what, use):
        said = []

        async def main():
            running = await child.start(what, tmp_path / "log", said.append)
            try:
                return await use(running)
            finally:
                await running.stop()

        return asyncio.run(main()), said

    return go


def alive(pid):
    """Whether the process runs; one that ended and was not yet collected does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_is_ready_when_it_says_so_and_shows_alarms_from_then_on(script, run):
    what = script(
        "import time; print('ERROR early'); print('now ready.'); time.sleep(0.3); print('ERROR late')",
        ready_line=b"ready.",
        quiet_start=True,
    )

    async def use(running):
        await running.wait_ready()
        await running.death()

    assert run(what, use)[1] == ["smtp: ERROR late"]


def test_it_reports_its_name_last_lines_and_exit_code_when_it_ends_by_itself(script, run):
    what = script("import sys; print('cannot listen'); sys.exit(3)")
    death, _ = run(what, lambda running: running.death())
    assert "smtp ended with exit code 3" in str(death)
    assert "    cannot listen\n" in str(death)


def test_it_names_the_signal_that_killed_it(script, run):
    what = script("import os; os.kill(os.getpid(), 9)")
    assert "smtp was killed by SIGKILL" in str(run(what, lambda running: running.death())[0])


def test_it_gives_up_on_a_child_that_never_answers(script, run):
    async def never():
        return False

    what = script("import time; time.sleep(60)", ready=never, patience=0.3)
    with pytest.raises(ChildDied, match="smtp does not answer after"):
        run(what, lambda running: running.wait_ready())


def test_it_raises_when_a_job_fails_and_not_when_it_succeeds(script, run):
    run(script("pass"), lambda running: running.finish())
    with pytest.raises(ChildDied, match="exit code 1"):
        run(script("raise SystemExit(1)"), lambda running: running.finish())


def test_it_kills_what_ignores_the_stop_signal_and_what_it_left_behind(script, run):
    what = script(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, 'ready.', flush=True)\n"
        "time.sleep(60)",
        ready_line=b"ready.",
        grace=0.2,
    )

    async def use(running):
        await running.wait_ready()
        return running.pid, int(running.tail()[-1].split()[0])

    pids, _ = run(what, use)
    while any(map(alive, pids)):  # a kill takes effect when its target is next scheduled
        time.sleep(0.01)


def test_it_sends_each_child_its_own_stop_signal(script, run):
    what = script(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (print('fast stop'), sys.exit(0)))\n"
        "print('ready.'); time.sleep(60)",
        ready_line=b"ready.",
        stop_signal=signal.SIGINT,
    )

    async def use(running):
        await running.wait_ready()
        return running

    assert run(what, use)[0].tail() == ["ready.", "fast stop"]


def test_it_explains_a_program_that_cannot_be_started(script, run):
    with pytest.raises(ChildDied, match="smtp cannot be started"):
        run(replace(script(""), command=["/nowhere/smtp"]), lambda running: running.finish())
