"""Fire pump rooms: selector, supplies, start signal, stabiliser, and a pipe that may leak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.model.codes import PumpPosition

STABILISER_ON_MPA: Final = 0.55
STABILISER_OFF_MPA: Final = 0.65
STABILISER_MPA_PER_S: Final = 0.012
PUMP_MPA: Final = 0.82
PUMP_MPA_PER_S: Final = 0.05
BURST_MPA: Final = 0.09
BURST_S: Final = 4.0
START_DELAY_S: Final = 6.0
#: Static head from the pump room to the least favourable point.
ROOF_HEAD_MPA: Final = 0.30
#: A tight network loses the stabiliser's band in about 40 minutes, a leaking one in six.
TIGHT_MPA_PER_S: Final = 0.10 / 2400
LEAK_MPA_PER_S: Final = 0.10 / 360
LONGEST_STEP_S: Final = 5.0


class PumpTrouble(StrEnum):
    """What can be wrong in a pump room; several at once are possible."""

    MANUAL = "manual"
    SWITCHED_OFF = "off"
    POWER_LOSS = "power-loss"
    PHASE_LOSS = "phase-loss"
    DEMAND = "demand"
    NO_START = "no-start"
    LOW_PRESSURE = "low-pressure"
    CABINET_FAULT = "cabinet-fault"
    LOW_TANK = "low-tank"


@dataclass(slots=True)
class PumpRoom:
    """One pump room; what is wrong is in `troubles`, everything else follows."""

    leaking: bool = False
    pressure_mpa: float = 0.61
    running: bool = False
    stabiliser_running: bool = False
    stabiliser_starts: int = 5200
    pump1_starts: int = 61
    pump2_starts: int = 58
    tank_level_m: float = 2.35
    pool_level_m: float = 3.4
    heartbeat: float = 0.0
    demanded_s: float = 0.0
    troubles: frozenset[PumpTrouble] = frozenset()

    def step(self, dt_s: float) -> None:
        """Move on by `dt_s`, in pieces short enough for the stabiliser's switch points."""
        while dt_s > 0:
            piece = min(dt_s, LONGEST_STEP_S)
            self._pump(piece)
            self._stabiliser()
            self._water(piece)
            self.heartbeat = (self.heartbeat + piece) % 65536
            dt_s -= piece

    @property
    def position(self) -> PumpPosition:
        """Where the selector stands."""
        if PumpTrouble.SWITCHED_OFF in self.troubles:
            return PumpPosition.OFF
        return PumpPosition.MANUAL if PumpTrouble.MANUAL in self.troubles else PumpPosition.AUTO

    @property
    def demand(self) -> bool:
        """Whether a fire signal asks for water."""
        return bool(self.troubles & {PumpTrouble.DEMAND, PumpTrouble.NO_START})

    def _pump(self, dt_s: float) -> None:
        self.demanded_s = self.demanded_s + dt_s if self.demand else 0.0
        stuck = self.troubles & {PumpTrouble.NO_START, PumpTrouble.POWER_LOSS, PumpTrouble.PHASE_LOSS}
        may_start = self.position is PumpPosition.AUTO and not stuck
        if self.demanded_s >= START_DELAY_S and may_start and not self.running:
            self.running = True
            self.pump1_starts += 1
        # No automatic stop (GB 50974 11.0.2): it is the guard who stops it when the signal is gone.
        if not self.demand:
            self.running = False

    def _stabiliser(self) -> None:
        if PumpTrouble.LOW_PRESSURE in self.troubles:
            self.stabiliser_running = False
        elif self.stabiliser_running:
            self.stabiliser_running = self.pressure_mpa < STABILISER_OFF_MPA
        elif self.pressure_mpa < STABILISER_ON_MPA:
            self.stabiliser_running = True
            self.stabiliser_starts += 1

    def _water(self, dt_s: float) -> None:
        leak = LEAK_MPA_PER_S if self.leaking else TIGHT_MPA_PER_S
        self.pressure_mpa -= leak * dt_s
        if self.stabiliser_running:
            self.pressure_mpa += STABILISER_MPA_PER_S * dt_s
        if self.running:
            self.pressure_mpa = min(PUMP_MPA, self.pressure_mpa + PUMP_MPA_PER_S * dt_s)
        elif PumpTrouble.LOW_PRESSURE in self.troubles:
            self.pressure_mpa += (BURST_MPA - self.pressure_mpa) * min(dt_s / BURST_S, 1.0)
        wanted = 0.8 if PumpTrouble.LOW_TANK in self.troubles else 2.35
        self.tank_level_m += max(-0.05 * dt_s, min(0.02 * dt_s, wanted - self.tank_level_m))

    def readings(self) -> dict[str, float]:
        """What the panel shows, by point name, in canonical units."""
        no_power = PumpTrouble.POWER_LOSS in self.troubles
        no_phase = PumpTrouble.PHASE_LOSS in self.troubles
        amps = 86.0 if self.running else 0.0
        volts = 229.0 - 0.02 * amps
        return {
            "power_ok": float(not no_power),
            "standby_power_ok": 1.0,
            "phase_ok": float(not no_phase),
            "demand": float(self.demand),
            "running": float(self.running),
            "fault": float(PumpTrouble.CABINET_FAULT in self.troubles),
            "inspection": 0.0,
            "emergency_start": 0.0,
            "position": float(self.position),
            "pump1_running": float(self.running),
            "pump1_fault": float(PumpTrouble.NO_START in self.troubles),
            "pump2_running": 0.0,
            "pump2_fault": 0.0,
            "stabiliser_running": float(self.stabiliser_running),
            "stabiliser_fault": float(PumpTrouble.LOW_PRESSURE in self.troubles),
            "stabiliser_auto": 1.0,
            "pressure_mpa": max(self.pressure_mpa, 0.0),
            "tank_level_m": self.tank_level_m,
            "pool_level_m": self.pool_level_m,
            "room_c": 16.5,
            "u_l1_v": volts,
            "u_l2_v": 0.0 if no_phase else volts + 0.8,
            "u_l3_v": volts - 0.6,
            "pump1_a": amps,
            "pump2_a": 0.0,
            "stabiliser_starts": float(self.stabiliser_starts),
            "pump1_starts": float(self.pump1_starts),
            "pump2_starts": float(self.pump2_starts),
            "heartbeat": float(int(self.heartbeat)),
        }

    def pressure_at(self, tag: str) -> float:
        """Pressure at the roof, or in the network."""
        head = ROOF_HEAD_MPA if tag == "roof" else 0.0
        return max(self.pressure_mpa - head, 0.0)
