"""Who may ask, and how often: API keys and a rate for each client, both only where they are switched on.

    rate r a minute: a client has r requests in hand, and gets r / 60 a second back

A client is its key where keys are used, else its address. Keys are compared as digests, in constant
time, and appear nowhere: neither in answers nor in logs nor in figures.
"""

import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from fastapi import HTTPException

from ..errors import Slowdown

REMEMBERED = 10_000  # clients whose rate is kept; the one longest unseen is forgotten first


class Authenticator:
    """The door of the routes that cost something."""

    def __init__(
        self,
        rate: int | None = None,
        keys: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rate` is in requests a minute, None for any number; without keys anybody may ask."""
        self.rate = rate
        self.needs_key = bool(keys)
        self._digests = [_digest(key) for key in keys]
        self._clock = clock
        self._in_hand: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (requests, at what time)

    def admit(self, address: str, key: str | None) -> str:
        """The name under which a client takes its turn; HTTPException 403 or 429 when it may not ask."""
        client = f"address {address}"
        if self.needs_key:
            digest = _digest(key or "")
            known = [hmac.compare_digest(digest, each) for each in self._digests]
            if not any(known):
                self.spend(client)  # guessing keys is no faster than asking
                raise HTTPException(
                    403, f"api_key is {'not known' if key else 'missing'}; give a key that this server knows"
                )
            client = f"key {digest.hex()}"
        self.spend(client)
        return client

    def spend(self, client: str) -> None:
        """Takes one request from a client's hand; HTTPException 429 when there is none."""
        if self.rate is None:
            return
        now = self._clock()
        left, since = self._in_hand.pop(client, (float(self.rate), now))
        left = min(self.rate, left + (now - since) * self.rate / 60)
        allowed = left >= 1
        self._in_hand[client] = (left - allowed, now)
        if len(self._in_hand) > REMEMBERED:
            self._in_hand.popitem(last=False)
        if not allowed:
            seconds = math.ceil((1 - left) * 60 / self.rate)
            raise Slowdown(
                f"Slowdown: at most {self.rate} requests a minute are allowed; ask again in {seconds} s",
                seconds,
            )


def read_keys(path: str) -> frozenset[str]:
    """The keys of a file, one a line; blank lines and lines that begin with # are left out.

    Raises ValueError when there is no such file, or no key in it.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"the keys in {path!r} cannot be read ({type(error).__name__}); check the file"
        ) from None
    keys = frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not keys:
        raise ValueError(f"{path!r} holds no key; write one a line")
    return keys


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
