"""What a run found: for a person, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devices.sim.torture.oracle import Violation


@dataclass
class Part:
    """What one bench, or the campus, has done.

    name:   which it was.
    begun:  how what ended it began: the lives before the violation, the last one last.
    counts: figures by name.
    """

    name: str
    kills: int
    counts: dict[str, Any]
    violations: Sequence[Violation] = ()
    begun: Sequence[str] = ()
    folder: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        found = [{"promise": one.promise, "what": one.what} for one in self.violations]
        return {
            "name": self.name,
            "kills": self.kills,
            **self.counts,
            "violations": found,
            "before": list(self.begun),
        }


@dataclass
class Report:
    """A whole run."""

    seed: int
    replay: str
    seconds: float = 0.0
    parts: list[Part] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not any(part.violations for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "seed": self.seed,
            "replay": self.replay,
            "seconds": round(self.seconds, 1),
            "kills": sum(part.kills for part in self.parts),
            "clean": self.is_clean,
            "parts": [part.as_json() for part in self.parts],
        }

    def __str__(self) -> str:
        kills = sum(part.kills for part in self.parts)
        lines = [f"{kills} kills in {self.seconds:.0f} s, seed {self.seed}"]
        for part in self.parts:
            told = ", ".join(f"{name} {value}" for name, value in part.counts.items())
            lines.append(f"  {part.name}: {part.kills} kills, {told}")
        for part in self.parts:
            lines += _broken(part)
        if self.is_clean:
            lines.append("every promise was kept")
        else:
            lines.append(f"again: {self.replay}")
        return "\n".join(lines)


def _broken(part: Part) -> list[str]:
    if not part.violations:
        return []
    return [
        f"BROKEN in {part.name}, whose files are in {part.folder}",
        *(f"  {violation}" for violation in part.violations[:10]),
        "  the last lives before it:",
        *(f"    {life}" for life in part.begun),
    ]
