"""A capture worker that ends at once over what says that it is poison, as a damaged stream ends a C library."""

from __future__ import annotations

import os
from typing import Any

from edge_agent.sources.capture import worker

POISON = "poison"


class Breaking(worker.Capture):
    def _do(self, message: list[Any]) -> None:
        match message:
            case ["open", _, order] if POISON in order["bare"]:
                os._exit(3)
            case ["decode" | "shrink", _, _, jpeg] if POISON.encode() in jpeg:
                os._exit(3)
        super()._do(message)


if __name__ == "__main__":
    worker.Capture = Breaking  # type: ignore[misc]
    worker.main()
