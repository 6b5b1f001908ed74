"""Comparisons and how they are joined: true, false or not known, at each moment."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.conditions import AllOf, AnyOf, Condition, Expression, NotOf
from edge_agent.detect.block import Flags, Floats
from edge_agent.detect.trace import Moments

Truth = npt.NDArray[np.int8]
FALSE: Final = np.int8(0)
UNKNOWN: Final = np.int8(1)
TRUE: Final = np.int8(2)
#: Neither: it stays what it was.
STAYS: Final = np.int8(3)


def compared(condition: Condition, value: Floats, limit: Floats) -> Truth:
    """How each value stands to its limit, int8 (n,); STAYS within the dead band."""
    known = ~(np.isnan(value) | np.isnan(limit))
    if condition.above is not None:
        holds, ends = value > limit, value <= limit - condition.dead_band
    elif condition.below is not None:
        holds, ends = value < limit, value >= limit + condition.dead_band
    elif condition.differs is not None:
        holds, ends = value != limit, value == limit
    else:
        holds, ends = value == limit, value != limit
    return np.where(known, np.where(holds, TRUE, np.where(ends, FALSE, STAYS)), UNKNOWN)


def among(value: Floats, limits: Floats) -> Truth:
    """Whether each value, (n,), is one of its row's limits, (n, k)."""
    hit = (value[:, None] == limits).any(axis=1)
    return np.where(np.isnan(value), UNKNOWN, np.where(hit, TRUE, FALSE))


def settled(moments: Moments, truth: Truth, before: Truth) -> Truth:
    """Put what it was in the place of STAYS: false if that was not known.

    Args:
        moments: of the truth.
        truth: int8 (moments,).
        before: int8 (rows,), what it was; the first moment of each row gets it.
    """
    if len(moments) == len(before):
        return before
    truth[moments.first] = before
    if not (truth == STAYS).any():
        return truth
    last = np.maximum.accumulate(np.where(truth == STAYS, -1, np.arange(len(truth))))
    was = truth[last]
    return np.where(truth == STAYS, np.where(was == TRUE, TRUE, FALSE), truth)


def joined(expressions: tuple[Expression, ...], leaves: list[Truth]) -> Truth:
    """All of some expressions; `leaves` are the truths of their comparisons in order, and are used up."""
    truth: Truth = np.minimum.reduce([_truth(expression, leaves) for expression in expressions])
    return truth


def _truth(expression: Expression, leaves: list[Truth]) -> Truth:
    match expression:
        case Condition():
            return leaves.pop(0)
        case AllOf():
            return joined(expression.all, leaves)
        case AnyOf():
            truth: Truth = np.maximum.reduce([_truth(part, leaves) for part in expression.any])
            return truth
        case NotOf():
            return TRUE - _truth(expression.negated, leaves)


def latched(moments: Moments, truth: Truth, before: Flags) -> Flags:
    """A condition from its truth: what is not known stays as it was.

    Args:
        moments: of the truth.
        truth: int8 (moments,): TRUE, FALSE, or anything else for neither.
        before: bool (rows,), the condition before; the first moment of each row gets it.
    """
    if len(moments) == len(before):
        return before
    decides = (truth == TRUE) | (truth == FALSE)
    decides[moments.first] = True
    value = truth == TRUE
    value[moments.first] = before
    held: Flags = value[np.maximum.accumulate(np.where(decides, np.arange(len(truth)), 0))]
    return held
