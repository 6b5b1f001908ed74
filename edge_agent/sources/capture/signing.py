"""How a host wants us to sign in, and our answer: by the one scheme that was chosen, never by another. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Final
from urllib.request import parse_http_list, parse_keqv_list

#: The rest of each line that asks for a way of signing in.
CHALLENGE: Final = re.compile(r"^www-authenticate:[ \t]*(\w+)[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
#: Heads are read and written byte by byte, whatever letters a host means by them.
LETTERS: Final = "latin-1"
HASHES: Final = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def offered(head: str) -> set[str]:
    """The schemes that a host names, in small letters."""
    return {scheme.lower() for scheme, _ in CHALLENGE.findall(head)}


class Signer:
    """Answers challenges of one connection.

    Args:
        scheme: "digest" or "basic".
        made_up: gives a word of our own for each digest.
    """

    def __init__(
        self,
        scheme: str,
        username: str,
        password: str,
        made_up: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._scheme = scheme
        self._username = _sent(username)
        self._password = _sent(password)
        self._made_up = made_up
        self._asked: Mapping[str, str] | None = None
        self._count = 0

    def hear(self, head: str) -> bool:
        """Take in what a host asks; False where it offers no way that we may use."""
        before, self._asked = self._asked or {}, None
        for scheme, rest in CHALLENGE.findall(head):
            told = _told(rest)
            if scheme.lower() == self._scheme and (self._scheme == "basic" or _can_digest(told)):
                self._asked = told
                self._count = self._count if told.get("nonce") == before.get("nonce") else 0
                return True
        return False

    def line(self, method: str, address: str) -> str:
        """The header for a request; empty before anybody asked."""
        if self._asked is None:
            return ""
        if self._scheme == "basic":
            word = base64.b64encode(f"{self._username}:{self._password}".encode(LETTERS)).decode()
            return f"Authorization: Basic {word}\r\n"
        return f"Authorization: Digest {self._digest(self._asked, method, address)}\r\n"

    def _digest(self, asked: Mapping[str, str], method: str, address: str) -> str:
        algorithm = asked.get("algorithm", "")
        make = HASHES[algorithm.upper() or "MD5"]

        def mixed(*words: str) -> str:
            return make(":".join(words).encode(LETTERS)).hexdigest()

        who = mixed(self._username, asked["realm"], self._password)
        what = mixed(method, address)
        told = {"username": self._username, "realm": asked["realm"], "nonce": asked["nonce"], "uri": address}
        plain = {"algorithm": algorithm} if algorithm else {}
        if asked.get("qop"):
            self._count += 1
            own, count = self._made_up(), f"{self._count:08x}"
            told |= {"cnonce": own, "response": mixed(who, asked["nonce"], count, own, "auth", what)}
            plain |= {"qop": "auth", "nc": count}
        else:
            told["response"] = mixed(who, asked["nonce"], what)
        if "opaque" in asked:
            told["opaque"] = asked["opaque"]
        quoted = [f'{name}="{_escaped(value)}"' for name, value in told.items()]
        return ", ".join([*quoted, *(f"{name}={value}" for name, value in plain.items())])


def _told(rest: str) -> Mapping[str, str]:
    """What a challenge says, by names in small letters; nothing where it makes no sense."""
    try:
        pairs: Mapping[str, str] = parse_keqv_list(parse_http_list(rest))
    except (ValueError, IndexError):
        return {}
    return {name.strip().lower(): value for name, value in pairs.items()}


def _can_digest(told: Mapping[str, str]) -> bool:
    ways = {way.strip().lower() for way in told.get("qop", "auth").split(",")}
    knows = (told.get("algorithm", "").upper() or "MD5") in HASHES
    return "realm" in told and "nonce" in told and knows and "auth" in ways


def _sent(word: str) -> str:
    """A word of ours as its bytes stand in a head."""
    return word.encode().decode(LETTERS)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
