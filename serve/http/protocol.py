"""HTTP connections with time limits and a limit on their number; uvicorn's own wait for ever.

    connected ─ header within header_seconds ─> request ─> answer ─ taken within body_seconds ─> next
                     └─ 408                                             └─ cut off
    more connections than allowed: 503 at once

Half-sent requests and clients that do not read cost a socket for a while and nothing else. A body that does
not arrive is the affair of `security`.
"""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..limits import Limits


class LimitedProtocol(H11Protocol):
    """uvicorn's protocol with time limits and a limit on the number of connections."""

    def __init__(self, *arguments: Any, limits: Limits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._header_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse a connection beyond the limit, and wait for the header of the others."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._refuse(
                "503 Service Unavailable",
                f"the server has {self._limits.connections} connections, and more are not allowed; try later",
            )
        else:
            self._expect_header()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request; the timer of its header stops when the header is complete."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._expect_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers."""
        self._cancel_timers()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the client's timer: it does not take its answer as fast as it is written."""
        super().pause_writing()
        self._expect_reader()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP with a sentence, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            sentence = "the request is no sound HTTP, or its header is too large; correct it"
            self._refuse("400 Bad Request", sentence, retry=False)
        else:  # an answer is on its way, and nothing can stand in the middle of it
            self.transport.close()

    def on_response_complete(self) -> None:
        """Start the client's timer where the end of an answer still has to be taken."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._expect_reader()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, by force where its client does not read."""
        super().timeout_keep_alive_handler()
        self._expect_reader()

    def _expect_header(self) -> None:
        """Start the timer at the beginning of a request, and stop it when the header is complete."""
        # h11 is idle from the end of one request until the whole header of the next has arrived.
        waits = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if waits and self._header_timer is None:
            self._header_timer = self.loop.call_later(self._limits.header_seconds, self._header_is_late)
        elif not waits and self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_is_late(self) -> None:
        seconds = self._limits.header_seconds
        self._refuse(
            "408 Request Timeout", f"the header did not come within {seconds} seconds; send it at once"
        )

    def _expect_reader(self) -> None:
        if self._reader_timer is None:
            self._reader_timer = self.loop.call_later(self._limits.body_seconds, self._reader_is_late)

    def _reader_is_late(self) -> None:
        """Cut off a client that has not taken its answer; one that has is left alone."""
        self._reader_timer = None
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            # close() would wait until the client has taken everything, which it does not.
            self.transport.abort()

    def _refuse(self, status: str, sentence: str, *, retry: bool = True) -> None:
        """Answer with an error and close the connection, without a request that a route could answer."""
        if self.transport.is_closing():
            return
        body = json.dumps({"error": sentence}).encode()
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"{'retry-after: 5' if retry else 'cache-control: no-store'}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
        self._expect_reader()

    def _cancel_timers(self) -> None:
        for timer in (self._header_timer, self._reader_timer):
            if timer is not None:
                timer.cancel()
        self._header_timer = self._reader_timer = None
