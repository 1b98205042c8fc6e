"""Importing from another server, in slices: a worker takes an import up, reads for half a minute, and gives it back.

Whatever ends a slice (its time, a broken connection, a kill) the next one goes on behind the last message that was
recorded. Folder by folder, message by message in the order of UIDs; `external_record` keeps anything from doubling.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from django.conf import settings

from mailserver.errors import NotFound, OverQuota, SecretUnreadable
from mailserver.net import remote_imap
from mailserver.net.remote_imap import Listed, Remote
from mailserver.net.remote_trouble import Flooded, Refused, RemoteTrouble
from mailserver.services import external, external_folders, external_lease, external_record, external_report
from mailserver.services.external_lease import Held, Keeper, Lost
from mailserver.services.external_record import Brought
from mailserver.store.models import ExternalFolder

SLICE_SECONDS, SLICE_MESSAGES = 30.0, 200
# Messages are asked for together up to this size, larger ones alone.
_TOGETHER, _TOGETHER_OCTETS = 50, 4 * 1024 * 1024
_ALONE = 1024 * 1024
# So often may a server break off at a message before we go on without it.
_MOST_STUMBLES = 3

logger = logging.getLogger(__name__)


def run(external_id: int) -> bool:
    """Import for one slice; whether there was something to take up. Then whatever is due is rung for."""
    held = external_lease.claim(external_id)
    if held is None:
        return False
    try:
        _run(_Slice(held))
    except Lost:
        logger.info("import %d is no longer ours", external_id)
    external_lease.wake_due()
    return True


def _run(work: _Slice) -> None:
    held = work.held
    try:
        finished = work.go()
        if finished:
            external_report.compare(held, work.keeper)
    except Lost:
        raise
    except (RemoteTrouble, OverQuota, SecretUnreadable, NotFound) as error:
        lasting = getattr(error, "lasting", not isinstance(error, NotFound))
        external_lease.put_off(held, str(error), lasting=lasting, progress=work.progress > 0)
    except Exception:
        words = "Something went wrong on our side. We try again."
        external_lease.put_off(held, words, lasting=False, progress=False)
        raise
    else:
        external_lease.give_back(held, finished=finished)


class _Slice:
    """One worker's turn at an import."""

    def __init__(self, held: Held) -> None:
        self.held, self.keeper = held, Keeper(held)
        self.progress = 0
        self._messages, self._until = 0, time.monotonic() + SLICE_SECONDS

    def go(self) -> bool:
        """Read until the slice is over; whether all folders were gone through. Raises RemoteTrouble, Lost and more."""
        place = external_lease.place(self.held)
        with remote_imap.connect(place, allowed=external.may_call, alive=self.keeper) as remote:
            for folder in external_folders.take_down(self.held, remote.folders()):
                if folder.done_at and folder.done_at >= self.held.round_at:
                    continue
                if self._over() or not self._folder(remote, folder):
                    return False
        return True

    def _over(self) -> bool:
        """A slice without any progress goes on: the next one would get no further."""
        late = time.monotonic() >= self._until
        return self._messages >= SLICE_MESSAGES or (late and self.progress > 0)

    def _folder(self, remote: Remote, folder: ExternalFolder) -> bool:
        """Whether it was gone through to its end."""
        try:
            opened = remote.open(folder.wire)
        except Refused as refusal:
            external_folders.finish(self.held, folder, error=str(refusal))
            return True
        if not external_folders.begin(self.held, folder, opened.uidvalidity):
            return True
        uids = remote.uids(folder.last_uid) if opened.total else []
        left = external_folders.expect(self.held, folder, uids)
        for start in range(0, len(left), _TOGETHER):
            if self._over():
                return False
            if not self._chunk(remote, folder, left[start : start + _TOGETHER]):
                return False
        external_folders.finish(self.held, folder, last=uids[-1] if uids else 0)
        self.progress += 1
        return True

    def _chunk(self, remote: Remote, folder: ExternalFolder, uids: Sequence[int]) -> bool:
        listed = remote.describe(uids)
        if folder.use == "all":
            known = external_record.recognise(self.held, folder, listed)
            # Those between them are not done: the folder has come no further.
            self._record(folder, known, advance=False)
            done = {item.listed.uid for item in known}
            listed = [item for item in listed if item.uid not in done]
        for group in _groups(listed, careful=self.held.careful):
            if self._over():
                return False
            self._record(folder, self._bring(remote, folder, group))
        return True

    def _record(self, folder: ExternalFolder, brought: Sequence[Brought], *, advance: bool = True) -> None:
        if brought:
            in_order = sorted(brought, key=lambda item: item.listed.uid)
            external_record.record(self.held, folder, in_order, advance=advance)
            self.progress += len(brought)
            self._messages += len(brought)

    def _bring(self, remote: Remote, folder: ExternalFolder, group: Sequence[Listed]) -> list[Brought]:
        """What the server gives for a group. Raises RemoteTrouble, after noting which message it was, if it was one."""
        largest = settings.CORREIO.size_limit
        if len(group) == 1 and group[0].size > largest:
            return [Brought(group[0], reason=f"Larger than {largest // 2**20} MB, the most that is taken here.")]
        uids, octets = [item.uid for item in group], sum(item.size for item in group)
        try:
            found = remote.contents(uids, octets=octets, largest=largest)
        except Refused as refusal:
            if len(group) == 1:
                return [Brought(group[0], reason=str(refusal))]
            return [brought for item in group for brought in self._bring(remote, folder, [item])]
        except RemoteTrouble as trouble:
            if len(group) == 1:
                self._stumble(folder, group[0], trouble)
            raise
        nothing = "The server sends nothing for it."
        return [
            Brought(item, raw=found[item.uid], reason="" if found[item.uid] else nothing)
            for item in group
            if item.uid in found
        ]

    def _stumble(self, folder: ExternalFolder, item: Listed, trouble: RemoteTrouble) -> None:
        times = external_folders.stumble(self.held, folder, item.uid)
        if isinstance(trouble, Flooded) or times >= _MOST_STUMBLES:
            self._record(folder, [Brought(item, reason=str(trouble))])


def _groups(listed: Sequence[Listed], *, careful: bool) -> Iterator[list[Listed]]:
    """Messages to ask for together: neighbours of bounded size, or each alone when the last run broke off."""
    group: list[Listed] = []
    octets = 0
    for item in listed:
        alone = careful or item.size > _ALONE
        if group and (alone or octets + item.size > _TOGETHER_OCTETS):
            yield group
            group, octets = [], 0
        if alone:
            yield [item]
            continue
        group.append(item)
        octets += item.size
    if group:
        yield group
