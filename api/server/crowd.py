"""Who may be connected: so many in all, so many of one address. When a place is wanted and none is free, whoever has
asked for nothing for the longest goes; only where everybody is being served is the new one refused. So idle
connections, however many, keep nobody out. Knows no HTTP and no socket."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from typing import Literal, Protocol

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Full = Literal["connections", "address"]
_IPV6_ONE = 64  # one subscriber's share: who has one address of it has all


class Guest(Protocol):
    """`address` is None for one whose address says nothing: a proxy's, a Unix socket."""

    address: str | None

    def dismiss(self) -> None:
        """Hang up; `leave` has been called."""


class Crowd:
    """`enter` each, say when it is `busy` and when it is `idle` again, let it `leave` (twice is fine)."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._here: dict[Guest, None] = {}
        self._of: Counter[str] = Counter()
        self._idle: dict[Guest, None] = {}  # dicts keep the order in which they became so
        self._idle_of: dict[str, dict[Guest, None]] = {}

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, guest: Guest) -> Full | None:
        """What there is no place of, or None: it is in, and idle."""
        address = guest.address
        if address and self._of[address] >= self._most_of_one and not self._dismiss(self._idle_of.get(address)):
            return "address"
        if len(self._here) >= self._most and not self._dismiss(self._idle):
            return "connections"
        self._here[guest] = None
        if address:
            self._of[address] += 1
        self.idle(guest)
        return None

    def busy(self, guest: Guest) -> None:
        self._idle.pop(guest, None)
        if guest.address and (same := self._idle_of.get(guest.address)) is not None:
            same.pop(guest, None)
            if not same:
                del self._idle_of[guest.address]

    def idle(self, guest: Guest) -> None:
        if guest in self._here and guest not in self._idle:
            self._idle[guest] = None
            if guest.address:
                self._idle_of.setdefault(guest.address, {})[guest] = None

    def leave(self, guest: Guest) -> None:
        self.busy(guest)
        if guest in self._here:
            del self._here[guest]
            if guest.address:
                self._of[guest.address] -= 1
                if not self._of[guest.address]:
                    del self._of[guest.address]

    def spare(self) -> bool:
        """Whether one that was idle has gone."""
        return self._dismiss(self._idle)

    def _dismiss(self, waiting: dict[Guest, None] | None) -> bool:
        """Whether one has gone."""
        if not waiting:
            return False
        guest = next(iter(waiting))
        self.leave(guest)
        guest.dismiss()
        return True


class Proxies:
    """The reverse proxies whose word on `X-Forwarded-For` is taken."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        try:
            found = _plain(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def client_of(self, forwarded: Iterable[str]) -> str | None:
        """The last address of the headers that is no proxy's: what stands before it anybody may have written."""
        addresses = [one.strip() for header in forwarded for one in header.split(",")]
        return next((one for one in map(_host, reversed(addresses)) if one not in self), None)


def networks_of(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def same_one(address: str) -> str:
    """What is counted as one address: of IPv6 a /64."""
    try:
        found = _plain(address)
    except ValueError:
        return address[:100]
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_ONE), strict=False))


def _plain(address: str) -> Address:
    """Without a zone, and IPv4 as such."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def _host(text: str) -> str:
    """Without the port that some proxies add."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
