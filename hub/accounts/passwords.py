"""Passwords: Argon2id, and which ones are too easy to guess. Hashing takes its time: use a thread."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from devices.model.texts import Text
from hub.accounts.guessable import GUESSABLE
from hub.errors import Invalid

SHORTEST: Final = 10
LONGEST: Final = 200
#: RFC 9106's second choice (64 MiB, 3 passes), written out so that a library's new defaults change nothing.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, salt_len=16)


def check(password: str, name: str) -> None:
    """Accept a new password, or say why not. Length counts, not composition (ASVS 5.0, 6.2).

    Raises:
        Invalid: too short, too long, or easy to guess.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(
            Text(
                f"密码须为 {SHORTEST} 至 {LONGEST} 个字符",
                f"A password has {SHORTEST} to {LONGEST} characters",
            )
        )
    if is_guessable(password, name):
        raise Invalid(Text("密码太容易被猜到", "This password is too easy to guess"))


def is_guessable(password: str, name: str) -> bool:
    """Whether somebody who tries the usual ones would find it soon."""
    plain = password.casefold()
    letters = "".join(char for char in plain if char.isalpha())
    few = 4
    return (
        plain in GUESSABLE
        or letters in GUESSABLE
        or (len(name) > 1 and letters == name.casefold())
        or len(set(plain)) < few
        or _is_run(plain)
    )


def hashed(password: str) -> str:
    """The password as it may be stored."""
    return _HASHER.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Whether it is the password; without a stored one the same time is spent, and the answer is no."""
    try:
        _HASHER.verify(stored or _decoy(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _decoy() -> str:
    return _HASHER.hash("nobody has this password")


def _is_run(text: str) -> bool:
    """Neighbours in code order all along: 1234567890, abcdefghij, and backwards."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1 or steps <= {1, -9} or steps <= {-1, 9}
