"""Authentication and rate limits, both only where they are switched on, and their dependency for routes.

    request ─> body read and checked ─> key known? ─> rate left? ─> Admitted(body, client)
                   400, 415               403           429

The rate is a token bucket of texts: at r texts a minute a client has at most r texts in hand, and gets r / 60
back a second. A list of more than r texts is admitted when the bucket is full, and leaves a debt. A client is
its key where keys are used, otherwise its address. Keys are compared as digests in constant time and appear
nowhere: neither in answers nor in logs nor in metrics.
"""

import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from fastapi import HTTPException, Request

from ..errors import Slowdown

REMEMBERED = 10_000  # clients whose rate is kept; the one unseen for longest is forgotten first
# The first parts of LibreTranslate's paths, whose clients and tests compare its status and its sentences.
LIBRETRANSLATE = frozenset(
    ["translate", "detect", "translate_file", "download_file", "languages", "frontend", "spec", "suggest"]
)


class Authenticator:
    """API keys and the rate of each client."""

    def __init__(
        self,
        rate: int | None = None,
        keys: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the rate in texts a minute (None: unlimited) and the keys (none: everybody is admitted)."""
        self.rate = rate
        self.needs_key = bool(keys)
        self._digests = [_digest(key) for key in keys]
        self._clock = clock
        self._in_hand: OrderedDict[str, tuple[float, float]] = OrderedDict()  # (texts, at what time)

    def admit(self, address: str, key: str | None, texts: int = 1, path: str = "") -> str:
        """Return the name under which a client waits in the queue, and charge it for its texts.

        Args:
            address: the client's address.
            key: the key as it was sent, None without one.
            texts: the number of texts in the request.
            path: the path of the request, in whose words a key is refused.

        Raises:
            HTTPException: 403 (400 in LibreTranslate's words) for a key that is missing or not known, 429 for
                too many texts.
        """
        client = f"key {self.check_key(address, key, path)}" if self.needs_key else f"address {address}"
        self._charge(client, texts)
        return client

    def check_key(self, address: str, key: str | None, path: str) -> str:
        """Return the digest of a known key; charge the address for any other.

        Raises:
            HTTPException: as `admit`.
        """
        digest = _digest(key or "")
        # All keys are compared, so that the time does not tell which one was nearly right.
        known = [hmac.compare_digest(digest, other) for other in self._digests]
        if not any(known):
            self._charge(f"address {address}", 1)  # guessing keys is no faster than asking
            raise _key_error(key, path)
        return digest.hex()

    def _charge(self, client: str, texts: int) -> None:
        """Take texts from a client's bucket; HTTPException 429 where it holds too few."""
        if self.rate is None:
            return
        now = self._clock()
        left, since = self._in_hand.pop(client, (float(self.rate), now))
        left = min(self.rate, left + (now - since) * self.rate / 60)
        needed = min(texts, self.rate)  # of a list that no bucket could hold, the bucket must be full
        allowed = left >= needed
        self._in_hand[client] = (left - texts if allowed else left, now)
        if len(self._in_hand) > REMEMBERED:
            self._in_hand.popitem(last=False)
        if not allowed:
            seconds = math.ceil((needed - left) * 60 / self.rate)
            raise Slowdown(
                f"Slowdown: at most {self.rate} texts a minute are allowed; ask again in {seconds} s",
                seconds,
            )


class HasKey(Protocol):
    """A body that may carry an API key, and texts."""

    @property
    def api_key(self) -> str | None:
        """The key as it was sent, None without one."""

    @property
    def text_count(self) -> int:
        """The number of texts, from 1."""


AdmittedBody = TypeVar("AdmittedBody", bound=HasKey)


class Admitted(NamedTuple, Generic[AdmittedBody]):
    """The checked body of an admitted request, and the name under which its client waits in the queue."""

    body: AdmittedBody
    client: str


class Admission(Generic[AdmittedBody]):
    """FastAPI dependency of every route that uses a model: `Depends(Admission(authenticator, read))`.

    The body is read first because it holds the key. A wrong body is refused with 400 and costs no request.
    """

    def __init__(
        self, authenticator: Authenticator, read: Callable[[Request], Awaitable[AdmittedBody]]
    ) -> None:
        self.authenticator = authenticator
        self.read = read

    async def __call__(self, request: Request) -> Admitted[AdmittedBody]:
        """Return the body of a request and the name of its client.

        Raises:
            HTTPException: 400 or 415 for the body, 403 for the key, 429 for the rate.
        """
        body = await self.read(request)
        # SecurityMiddleware puts the address that a trusted proxy gives here.
        address = request.client.host if request.client else ""
        path = request.scope["path"]
        return Admitted(body, self.authenticator.admit(address, body.api_key, body.text_count, path))


def read_keys(path: str) -> frozenset[str]:
    """Return the keys of a file, one a line; blank lines and lines that begin with # are left out.

    Raises:
        ValueError: there is no such file, or no key in it.
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


def _key_error(key: str | None, path: str) -> HTTPException:
    """Return the refusal of a key; on LibreTranslate's routes it is LibreTranslate's, word for word."""
    if path.strip("/").partition("/")[0] in LIBRETRANSLATE:
        if key:
            return HTTPException(403, "Invalid API key")
        return HTTPException(400, "Please contact the server operator to get an API key")
    return HTTPException(
        403, f"api_key is {'not known' if key else 'missing'}; give a key that this server knows"
    )


def _digest(key: str) -> bytes:
    # A key may hold half a character, which must be refused as unknown and not be a fault.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
