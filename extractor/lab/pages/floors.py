"""Who may import whom, as `make lint` holds it: the floors of the contract in pyproject.toml, the highest first."""

from __future__ import annotations

import tomllib

from extractor.lab.pages.runs import ROOT


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    floors = next(one["layers"] for one in contracts if one["type"] == "layers")
    print("| floor | rooms |\n| --- | --- |")
    for at, floor in enumerate(floors):
        rooms = ", ".join(f"`{room.strip().replace('.', '/')}`" for room in floor.split("|"))
        print(f"| {len(floors) - at} | {rooms} |")


if __name__ == "__main__":
    main()
