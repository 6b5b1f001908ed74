"""One table that turns what went wrong into an answer."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from devices.model.errors import CampusError, Refused, Unreachable
from devices.model.texts import Text, both
from devices.profiles import mistakes
from hub.alerts.record import Record
from hub.api.alert_card import card
from hub.api.answers import Json, failure, words
from hub.api.guard import TOO_LARGE, broken
from hub.api.ports import ports_of
from hub.errors import (
    Conflict,
    HubRefused,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooMany,
)

STATUS: Final[dict[type[CampusError], int]] = {
    Invalid: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TooMany: 429,
}
PLAIN: Final = {
    404: ("not-found", Text("没有此地址", "No such address")),
    413: TOO_LARGE,
    405: ("not-allowed", Text("不支持此方法", "This method is not supported here")),
}


def add_to(app: FastAPI) -> None:
    """Let the application answer errors by the table."""
    app.add_exception_handler(HubRefused, _refused)
    app.add_exception_handler(Refused, _other)
    app.add_exception_handler(Unreachable, _unreachable)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _broken)


async def _refused(request: Request, error: Exception) -> Json:
    assert isinstance(error, HubRefused)
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)
    body = failure(error.code, error.text, error.details)
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(max(1, round(error.wait_s)))
    if isinstance(error, Conflict) and isinstance(error.current, Record):
        body["alert"] = card(error.current, ports_of(request).campus)
    elif isinstance(error, Conflict) and error.current is not None:
        body["current"] = error.current
    return Json(body, status, headers)


async def _broken(request: Request, _error: Exception) -> Json:
    return broken(request.state.request_id)


async def _other(_request: Request, error: Exception) -> Json:
    return Json(failure("refused", Text(f"请求被拒绝：{error}", str(error))), 400)


async def _unreachable(_request: Request, error: Exception) -> Json:
    said = Text(f"暂时无法完成，请稍后再试：{error}", f"Not possible now, try again: {error}")
    return Json(failure("unavailable", said), 503, {"Retry-After": "5"})


async def _unfit(_request: Request, error: Exception) -> Json:
    assert isinstance(error, RequestValidationError)
    details = [_detail(item) for item in error.errors()]
    zh = "；".join(f"{item['path']}：{item['expected']['zh']}" for item in details)
    en = "; ".join(f"{item['path']}: {item['expected']['en']}" for item in details)
    return Json(failure("invalid", Text(f"请求有误：{zh}", f"The request is wrong: {en}"), details), 422)


def _detail(item: dict[str, Any]) -> dict[str, Any]:
    """Where and what was expected; never what was found, which may be a password."""
    path = ".".join(str(part) for part in item["loc"])
    return {"path": path, "expected": words(both(mistakes.expected(item)))}


async def _plain(_request: Request, error: Exception) -> Json:
    assert isinstance(error, HTTPException)
    code, said = PLAIN.get(error.status_code, ("refused", Text("请求被拒绝", str(error.detail))))
    return Json(failure(code, said), error.status_code, dict(error.headers or {}))
