"""Which definitions lead to one another, and through which references one comes back to where one was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

Leads = Mapping[str, Sequence[str]]


@dataclass
class Group:
    """Definitions that lead to each other, or one alone, those first that are led to from the others. `back`: the
    references that every way back takes one of, from which to which; empty where there is none."""

    names: list[str]
    back: set[tuple[str, str]] = field(default_factory=set)


def groups(leads: Leads) -> list[Group]:
    """All of them, those first that are led to from the others. Not by recursion: a chain may be long."""
    order = _walk(leads, list(leads)).names
    into: dict[str, list[str]] = {name: [] for name in leads}
    for name, others in leads.items():
        for other in others:
            into[other].append(name)
    found: list[Group] = []
    taken: set[str] = set()
    for first in reversed(order):  # by the ways that lead in: nothing that is not taken leads out of such a group
        if first in taken:
            continue
        reached = _walk(into, [first], taken).names
        taken.update(reached)
        inside = set(reached)
        found.append(_walk({name: [one for one in leads[name] if one in inside] for name in reached}, [first]))
    return found[::-1]


def _walk(leads: Leads, starts: list[str], apart: Collection[str] = ()) -> Group:
    """In depth: the names reached, each when all that it leads to is done, and the references to what was not done.
    Those that are `apart` are not gone to."""
    group = Group([])
    begun = set(apart)
    done: set[str] = set()
    for start in starts:
        stack = [] if start in begun else [(start, iter(leads[start]))]
        begun.add(start)
        while stack:
            name, rest = stack[-1]
            to = next(rest, None)
            if to is None:
                stack.pop()
                done.add(name)
                group.names.append(name)
            elif to not in begun:
                begun.add(to)
                stack.append((to, iter(leads[to])))
            elif to not in done:
                group.back.add((name, to))
    return group
