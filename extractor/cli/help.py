"""How the commands print their help: as wide as the terminal, and nothing cut off with dots."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

WIDTH = {"max_content_width": 120}  # of a wider terminal; longer lines are hard to read


class CommandGroup(TyperGroup):
    """Says of each command the first sentence of its help in full; Typer cuts it to what fits into a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, _sentence(command.help or "")) for name, command in commands if command and not command.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _sentence(text: str) -> str:
    words: list[str] = []
    for word in text.split("\n\n")[0].split():
        words.append(word)
        if word.endswith("."):
            break
    return " ".join(words)
