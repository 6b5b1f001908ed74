"""Which agents are there, by what they say and by how long they say nothing: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.gateways.roster import Presence

US_PER_S: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """An agent came or went, and why we think so."""

    agent: str
    presence: Presence
    reason: str


class Attendance:
    """Presence of every agent.

    Args:
        silent_after_s: an agent that says nothing for so long is taken for gone; None: while we are connected
            to the broker ourselves, for else our ears are shut and nobody's silence means a thing.
    """

    def __init__(self, silent_after_s: float) -> None:
        self._silent_us = round(silent_after_s * US_PER_S)
        self._heard_us: dict[str, int] = {}
        self._online: dict[str, bool] = {}

    def expect(self, agent: str, *, online: bool, now_us: int) -> None:
        """Take over what was known before a restart."""
        self._online[agent] = online
        self._heard_us[agent] = now_us

    def heard(self, agent: str, now_us: int) -> Change | None:
        """The agent said something."""
        self._heard_us[agent] = now_us
        return self._set(agent, online=True, reason="it speaks")

    def said(self, agent: str, payload: bytes, now_us: int) -> Change | None:
        """Its state topic says `online`, or `offline` (by itself, or by the broker when the connection broke)."""
        if payload.split(b" ")[0] == b"online":
            return self.heard(agent, now_us)
        return self._set(agent, online=False, reason="its connection to the broker ended")

    def listening_again(self, now_us: int) -> None:
        """We were away ourselves: everybody gets the whole time again."""
        for agent in self._heard_us:
            self._heard_us[agent] = max(now_us, self._heard_us[agent])

    def silent(self, now_us: int) -> list[Change]:
        """Agents that have become silent for too long."""
        due = [
            agent
            for agent, online in self._online.items()
            if online and now_us - self._heard_us[agent] > self._silent_us
        ]
        seconds = self._silent_us / US_PER_S
        changes = [self._set(agent, online=False, reason=f"silent for {seconds:g} s") for agent in due]
        return [change for change in changes if change is not None]

    @property
    def seen(self) -> dict[str, int]:
        """Hub time at which each agent that is there was last heard."""
        return {agent: heard_us for agent, heard_us in self._heard_us.items() if self._online.get(agent)}

    def _set(self, agent: str, *, online: bool, reason: str) -> Change | None:
        if self._online.get(agent) is online:
            return None
        self._online[agent] = online
        return Change(agent, Presence.ONLINE if online else Presence.OFFLINE, reason)
