from __future__ import annotations

import asyncio

from mailserver.servers.imap.turns import Turns


def test_an_account_waits_for_itself_and_for_nobody_else():
    async def story():
        turns, began, end = Turns(2), [], asyncio.Event()

        async def work(account_id: int) -> None:
            async with turns.of(account_id):
                began.append(account_id)
                await end.wait()

        tasks = [asyncio.create_task(work(number)) for number in (7, 7, 7, 7, 8)]
        await asyncio.sleep(0)
        assert began == [7, 7, 8]
        end.set()
        await asyncio.gather(*tasks)
        assert began == [7, 7, 8, 7, 7]
        assert len(turns) == 0

    asyncio.run(story())
