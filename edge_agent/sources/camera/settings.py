"""Settings of the camera source; hosts, periods and session limits belong to the links of the site file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from devices.model.errors import ConfigRefused, Problem
from devices.model.points import is_id
from devices.profiles.strict import Strict


class Account(Strict):
    """How to sign in at the host of a link."""

    username: str = Field(min_length=1, max_length=200)
    scheme: Literal["digest", "basic"] = Field(
        "digest", description="Chosen here and not by the host: with basic it would learn the password."
    )
    password: SecretStr | None = Field(None, description="Better kept in a file of its own.")
    password_file: Path | None = Field(None, description="Absolute path of a file that holds the password.")

    @field_validator("password", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) else value  # else an error would show it

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.password is None) == (self.password_file is None):
            raise ValueError("one of password and password_file")
        if self.password_file is not None and not self.password_file.is_absolute():
            raise ValueError("an absolute password_file")
        return self

    def secret(self) -> str:
        """The password.

        Raises:
            ConfigRefused: its file cannot be read.
        """
        if self.password is not None:
            return self.password.get_secret_value()
        path = Path() if self.password_file is None else self.password_file
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            found = type(error).__name__
            raise ConfigRefused([Problem(str(path), "-", found, "a readable file with a password")]) from None


class CameraSettings(Strict):
    """How pictures are fetched and kept."""

    kind: Literal["camera"] = "camera"
    accounts: dict[str, Account] = Field({}, description="How to sign in, by link id.")
    max_megapixels: float = Field(40.0, gt=0, le=200, description="A picture that declares more is refused.")
    host_rest_s: float = Field(
        5.0,
        ge=0,
        le=600,
        description="After a host was not reached, its other cameras are not tried for so long; longer while it lasts.",
    )
    suspect_s: float = Field(
        2.0, gt=0, le=60, description="A camera that a rule suspects is looked at so often, before it alerts."
    )
    suspect_for_s: float = Field(60.0, ge=0, le=600, description="For how long.")
    evidence_bytes: int = Field(
        200_000_000, ge=0, description="Memory for the newest picture of each camera; the oldest go first."
    )
    onvif: dict[str, int] = Field({}, description="Links whose host also speaks ONVIF, and at which port.")
    decoders: int = Field(
        1, ge=1, le=8, description="Worker processes, at least; each reads up to 32 streams."
    )
    hang_s: float = Field(15.0, ge=1, le=120, description="A worker that says nothing for so long is killed.")

    @field_validator("accounts", "onvif")
    @classmethod
    def _link_ids(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not is_id(name):
                raise ValueError(f"link ids, not {name!r}")
        return value
