"""Headers with which a proxy tells for whom it asks: believed of named proxies, dropped of all others.

    X-Forwarded-For, -Proto   of a trusted proxy: the client's address and scheme
    X-Forwarded-Host          of a trusted proxy: kept, for addresses that the server writes
    X-Gradio-Server           dropped: Gradio would take its own address from it

Anybody can send them, also from this machine. Only `--trusted-proxies` says whose are true.
"""

import ipaddress
import re
from collections.abc import Iterable

from starlette.types import Scope

FORWARDED = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto"}
)
# Headers for which `TrustedProxies.apply` is to be called.
PROXY_HEADERS = FORWARDED | {b"x-gradio-server"}

# A name or an IPv4 address, or an IPv6 address in brackets; then perhaps a port.
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.IGNORECASE)


class TrustedProxies:
    """Addresses and networks whose headers are believed."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        """Take IP addresses, or networks such as 10.0.0.0/8.

        Raises:
            ValueError: one is neither.
        """
        self._networks = [_network(address) for address in addresses]

    def apply(self, scope: Scope) -> None:
        """Put the client and scheme that a trusted proxy tells into a request; drop the headers of others."""
        kept = FORWARDED if self._trusts((scope.get("client") or ("",))[0]) else frozenset()
        headers = [
            (name, value) for name, value in scope["headers"] if name in kept or name not in PROXY_HEADERS
        ]
        scope["headers"] = headers
        if not kept:
            return
        proto = b"".join(value for name, value in headers if name == b"x-forwarded-proto").decode("latin-1")
        if proto.strip() in ("http", "https"):
            scope["scheme"] = proto.strip()
        chain = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        if client := self._client(chain):
            scope["client"] = (client, 0)

    def _client(self, chain: str) -> str | None:
        """Return the address nearest to this server that is no trusted proxy; None without any.

        Every proxy appends the address that asked it, so whatever stands before it was sent by that client.
        """
        addresses = [address for part in chain.split(",") if (address := _without_port(part.strip()))]
        others = (address for address in reversed(addresses) if not self._trusts(address))
        return next(others, addresses[0] if addresses else None)

    def _trusts(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks)


def _network(address: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(address)
    except ValueError:
        raise ValueError(
            f"{address!r} is no address of a proxy; give an IP address or a network, such as 10.0.0.0/8"
        ) from None


def _without_port(part: str) -> str:
    """Return an address without its port: 10.0.0.1:80 -> 10.0.0.1, [::1]:80 -> ::1."""
    if part.startswith("["):
        return part[1:].partition("]")[0]
    return part.partition(":")[0] if part.count(":") == 1 else part
