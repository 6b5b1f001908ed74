"""Answers as JSON: compact, Chinese as Chinese, never NaN; and errors in one form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from devices.model.texts import Text
from devices.profiles.profile import Words


def dumps(value: Any) -> bytes:
    """JSON as bytes.

    Raises:
        ValueError: a number is not finite; whoever built the value must say None.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


class Json(Response):
    """An answer of plain values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Content as bytes."""
        return dumps(content)


def words(text: Text | Words) -> dict[str, str]:
    """Both languages."""
    return {"zh": text.zh, "en": text.en}


def failure(code: str, text: Text, details: Sequence[Any] = ()) -> dict[str, Any]:
    """The body of every error."""
    return {"error": {"code": code, **words(text), "details": list(details)}}
