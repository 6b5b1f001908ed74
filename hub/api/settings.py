"""Where the hub listens and whom it believes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from devices.profiles.strict import Strict


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("an address such as https://watch.example.org, without a path")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_origin)]


class TlsFiles(Strict):
    """The hub's own certificate; without it, a reverse proxy in front must do TLS."""

    certificate: Path = Field(description="PEM file with the whole chain.")
    key: Path = Field(description="PEM file, readable by the hub alone.")


class WebSettings(Strict):
    """The web side of the hub."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8080, ge=0, le=65535, description="0 takes any free port.")
    public_url: Url | None = Field(
        None,
        description="The address that people type, where it differs from host and port (behind a proxy)."
        " Requests from pages of other addresses are refused.",
    )
    tls: TlsFiles | None = None
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses whose X-Forwarded-For and -Proto are believed; nobody's by default."
    )
    session_idle_s: float = Field(
        3600, ge=60, le=7 * 86400, description="A session unused for so long ends; an open page is use."
    )
    session_absolute_s: float = Field(
        12 * 3600, ge=60, le=30 * 86400, description="A session ends after so long at the latest: a shift."
    )
    metrics_token_file: Path | None = Field(
        None, description="File with a bearer token that may read /metrics, for Prometheus."
    )
    max_body_bytes: int = Field(
        65536, ge=1024, le=16 * 1024 * 1024, description="Larger requests are refused."
    )
    max_streams: int = Field(200, ge=1, le=10_000, description="Most pages that are open at once.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.session_absolute_s < self.session_idle_s:
            raise ValueError("session_absolute_s: not shorter than session_idle_s")
        return self

    @property
    def secure(self) -> bool:
        """Whether people reach the hub by https, so that cookies may insist on it."""
        return self.tls is not None or (self.public_url or "").startswith("https:")
