"""What the hub says no to, in both languages; the API turns each class into one HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from devices.model.errors import Refused
from devices.model.texts import Text


class HubRefused(Refused):
    """A request that a person has to change.

    Attributes:
        code: the word that programs look at.
        text: what people read.
        details: JSON values that say more, such as the fields that are wrong.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, text: Text, details: Sequence[Any] = ()) -> None:
        super().__init__(text.en)
        self.text = text
        self.details = list(details)


class Invalid(HubRefused):
    """The request makes no sense; `details` name the fields."""

    code = "invalid"


class NotSignedIn(HubRefused):
    """No session, or one that has ended."""

    code = "not-signed-in"


class NotAllowed(HubRefused):
    """The session's role does not suffice, or the request did not come from our own page."""

    code = "not-allowed"


class NotFound(HubRefused):
    """No such thing."""

    code = "not-found"


class Conflict(HubRefused):
    """It has changed meanwhile; `current` is how it is now."""

    code = "conflict"

    def __init__(self, text: Text, current: Any = None) -> None:
        super().__init__(text)
        self.current = current


class TooLarge(HubRefused):
    """More than the hub takes or gives at once."""

    code = "too-large"


class TooMany(HubRefused):
    """Asked too often; `wait_s` is when to try again."""

    code = "too-many"

    def __init__(self, text: Text, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s
