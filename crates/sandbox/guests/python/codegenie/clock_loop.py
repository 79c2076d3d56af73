"""An event loop for a place without sockets: its selector waits for time only."""

import asyncio
import selectors
import time


class ClockSelector(selectors._BaseSelectorImpl):
    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everything waits and nothing can wake it: there are no files, sockets or other threads here")
        if timeout > 0:
            time.sleep(timeout)
        return []


class ClockLoop(asyncio.selector_events.BaseSelectorEventLoop):
    def __init__(self):
        super().__init__(ClockSelector())

    def _make_self_pipe(self):
        self._ssock = self._csock = None

    def _close_self_pipe(self):
        pass

    def _write_to_self(self):
        pass


def install():
    """Makes it the loop of `asyncio.run`, `asyncio.new_event_loop` and the rest."""
    import asyncio.events
    import asyncio.runners

    asyncio.events.new_event_loop = ClockLoop
    asyncio.new_event_loop = ClockLoop
    asyncio.SelectorEventLoop = ClockLoop
    policy = getattr(asyncio.events, "_get_event_loop_policy", asyncio.events.get_event_loop_policy)()
    type(policy)._loop_factory = ClockLoop
    # The default executor needs threads; what is given to it is done at once.
    async def to_thread(function, /, *args, **kwargs):
        return function(*args, **kwargs)

    asyncio.to_thread = to_thread
