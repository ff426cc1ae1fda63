"""Addresses of clients: which are trusted reverse proxies, which count as one. Knows no connection."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_IPV6_PREFIX_BITS = 64  # one subscriber's share: who has one address of it has all


class TrustedProxies:
    """The reverse proxies whose `X-Forwarded-For` is believed."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __contains__(self, address: str) -> bool:
        try:
            parsed = _parsed(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)

    def client_address(self, forwarded_for: Iterable[str]) -> str | None:
        """The last address of the headers that is no proxy's: what stands before it anybody may have written."""
        addresses = [address.strip() for header in forwarded_for for address in header.split(",")]
        return next((one for one in map(_without_port, reversed(addresses)) if one not in self), None)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def address_group(address: str) -> str:
    """What is counted as one address: of IPv6 a /64."""
    try:
        parsed = _parsed(address)
    except ValueError:
        return address[:100]
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX_BITS), strict=False))


def _parsed(address: str) -> Address:
    """Without a zone, and IPv4 as such."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _without_port(text: str) -> str:
    """Some proxies add one."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
