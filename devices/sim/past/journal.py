"""How far the past has been sent: a small file, so that a second start goes on and never sends anew."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from devices.model.errors import Refused


@dataclass(slots=True)
class Journal:
    """What is being sent, and which records the hub has.

    epoch: of this outbox, random; the hub tells repeats by it.
    end_us, hours, seed: which story; they must not change while it is sent.
    done: records that the hub has committed or set aside; record n is hour n of the story.
    """

    epoch: int
    end_us: int
    hours: int
    seed: int
    done: set[int] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        """Whether everything is with the hub."""
        return len(self.done) == self.hours

    @classmethod
    def begun(cls, path: Path, *, end_us: int, hours: int, seed: int) -> Self:
        """The journal at `path`, or a new one for this story.

        Raises:
            Refused: the file is there and is no journal.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            return cls(**{**content, "done": set(content["done"])})
        except FileNotFoundError:
            journal = cls(secrets.randbits(62) + 1, end_us, hours, seed)
            journal.save(path)
            return journal
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(f"{path} is not a history journal: {error}") from None

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(path.suffix + ".part")
        part.write_text(json.dumps({**asdict(self), "done": sorted(self.done)}), "utf-8")
        part.replace(path)
