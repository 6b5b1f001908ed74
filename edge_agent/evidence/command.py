"""`campus-edge evidence`: whether a folder of evidence is as it was kept."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edge_agent.evidence.manifest import before, chain, digest, standing
from edge_agent.evidence.store import problems


def add(commands: Any) -> argparse.ArgumentParser:
    """Describe the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "evidence", help="check evidence: nothing changed, nothing missing, the chain of hashes whole"
    )
    parser.add_argument("act", choices=("verify",))
    parser.add_argument("folder", type=Path, help="data_dir/evidence of an agent, or a copy of it")
    parser.add_argument(
        "--head", default="", help="hash that the chain must have had (the agent's health says it)"
    )
    return parser


def verify(folder: Path, head: str) -> tuple[list[str], str]:
    """Problems, and one line about what was checked.

    `head` is the hash of some line of the chain: with one that was written down elsewhere it shows that nothing
    was cut off the end, or written anew.
    """
    found = list(problems(folder))
    lines, _ = chain(folder)
    hashes = [digest(line) for line in lines]
    if head and head not in hashes:
        found.append(f"no line with the hash {head}")
    last = hashes[-1] if hashes else "none"
    dropped = before(lines)[0]
    earlier = f" after {dropped} that were dropped" if dropped else ""
    return (
        found,
        f"{len(standing(lines))} alerts with evidence, {len(lines)} lines{earlier}, last hash {last}",
    )
