"""What has to be acknowledged before rules are published: the warnings of a backtest of just these rules."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any, ClassVar, Final

from devices.model.texts import Text
from hub.api.ports import Ports
from hub.errors import Invalid, NotFound
from hub.rulebook.rulebook import Prepared

NOT_BACKTESTED: Final = {
    "key": "not-backtested",
    "zh": "未经回测：不知道上线后会有多少告警",
    "en": "Not backtested: nobody knows how many alerts this will raise",
}


class NotAcknowledged(Invalid):
    """There are warnings that the author has not acknowledged; `details` name them."""

    code: ClassVar[str] = "not-acknowledged"


def acknowledged_warnings(
    hub: Ports, prepared: Prepared, acknowledged: Collection[str]
) -> list[dict[str, str]]:
    """The warnings about a publication, all of them acknowledged.

    Raises:
        NotAcknowledged: one is not.
    """
    found = _warnings(hub, prepared) if prepared.judges_anew else []
    if any(warning["key"] not in acknowledged for warning in found):
        said = Text("发布前须确认回测提示", "Warnings have to be acknowledged before this can be published")
        raise NotAcknowledged(said, found)
    return found


def _warnings(hub: Ports, prepared: Prepared) -> list[dict[str, str]]:
    report = _report(hub, prepared)
    if report is None:
        return [NOT_BACKTESTED]
    return [{"key": _key(warning["en"]), **warning} for warning in report["warnings"]]


def _report(hub: Ports, prepared: Prepared) -> dict[str, Any] | None:
    """What the backtest found, if it was of these very rules against those that are live."""
    number = prepared.draft.backtest
    if number is None:
        return None
    try:
        job = hub.backtests.job(number)
    except NotFound:
        return None
    changed = [change.id for change in prepared.changes if not change.words_only]
    is_same = all(job.draft.rules.get(name) == prepared.campus.rules[name] for name in changed)
    is_of_now = job.live.rules == hub.campus.rules
    return job.report if is_same and is_of_now and not prepared.removed else None


def _key(text: str) -> str:
    return f"backtest-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
