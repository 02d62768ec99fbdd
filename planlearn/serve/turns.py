"""Who asks a process next: requests stand in a bounded line; of one page's numbered requests that wait, the newest alone keeps its place."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass

_PAGES = 256


class Busy(Exception):
    """More requests are waiting than may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """go: True says that it is this one's turn, False that a newer one of its page came."""

    page: str
    number: int
    go: asyncio.Future[bool]


class Turns:
    """One at a time, first come, first served. most: requests at work or in the line."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken = False
        self._line: deque[_Place] = deque()
        self._newest: OrderedDict[str, int] = OrderedDict()

    async def take(self, page: str = "", number: int = 0) -> bool:
        """Wait for the turn. True: `give` it back behind the work. False: at once when a newer number of the same page comes. Raises Busy.

        page: "" for requests that stand alone.
        """
        if page and not self._renewed(page, number):
            return False
        if not self._taken:
            self._taken = True
            return True
        if 1 + len(self._line) >= self.most:
            raise Busy
        place = _Place(page=page, number=number, go=asyncio.get_running_loop().create_future())
        self._line.append(place)
        try:
            return await place.go
        except asyncio.CancelledError:
            if place in self._line:
                self._line.remove(place)
            elif not place.go.cancelled() and place.go.result():
                self.give()  # the turn came in the moment in which nobody wanted it any more
            raise

    def give(self) -> None:
        """The turn is the next one's."""
        while self._line:
            place = self._line.popleft()
            if not place.go.done():
                place.go.set_result(True)
                return
        self._taken = False

    def _renewed(self, page: str, number: int) -> bool:
        """Whether this is the newest of its page; older ones leave the line."""
        if self._newest.get(page, number) > number:
            return False
        self._newest[page] = number
        self._newest.move_to_end(page)
        if len(self._newest) > _PAGES:
            self._newest.popitem(last=False)
        for place in [one for one in self._line if one.page == page and one.number < number]:
            self._line.remove(place)
            if not place.go.done():
                place.go.set_result(False)
        return True
