"""Connections to public addresses only: a webhook's URL is a stranger's, and this process stands inside a network.

The name is looked up once, every address it has is checked, and the connection goes to one that was checked, so that a
name that answers otherwise the second time leads nowhere. TLS is for the name. Knows no webhook."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import httpcore

from api.server.proxies import Network

Address = IPv4Address | IPv6Address
# IPv6 addresses that lead to one of IPv4, which would have to be taken out and checked by itself.
_TUNNELS = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))

NOT_PUBLIC = "its address is not public"
NO_TLS = "without TLS only networks of EXTRACTOR_WEBHOOK_ALLOW are told"


class Forbidden(httpcore.ConnectError):
    """An address that is not public, and not allowed either."""


def is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TUNNELS):
            return False
    return address.is_global and not address.is_multicast


def _literal(host: str) -> Address | None:
    """None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


class PublicNetwork(httpcore.AnyIOBackend):
    """`allowed` networks count as public."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    def permits(self, address: Address) -> bool:
        return is_public(address) or self.is_allowed(address)

    def is_allowed(self, address: Address) -> bool:
        """By the setting, whatever it is."""
        return any(address in network for network in self._allowed if network.version == address.version)

    def never_reached(self, url: str) -> str | None:
        """Why no connection will ever be made to this URL, as far as it can be told without looking its name up."""
        parts = urlsplit(url)
        address = _literal(parts.hostname or "")
        if address is not None and not self.permits(address):
            return NOT_PUBLIC
        allowed = self._allowed if address is None else self.is_allowed(address)
        return NO_TLS if parts.scheme != "https" and not allowed else None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self.addresses(host, port)
        error: Exception = Forbidden("it has no address")
        for address in addresses:
            try:
                return await super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError as failed:
                error = failed
        raise error

    async def addresses(self, host: str, port: int) -> list[Address]:
        """All of the name's. Raises Forbidden where one of them is not public, ConnectError where there is none."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise httpcore.ConnectError("its name is not known") from None
        addresses = list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))
        if not all(self.permits(address) for address in addresses):
            raise Forbidden(NOT_PUBLIC)
        return addresses

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise Forbidden("a socket of this machine")
