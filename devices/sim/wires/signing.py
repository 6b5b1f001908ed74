"""Signing in by digest (RFC 2069 as cameras do it over RTSP): the question, and whether the answer is right."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

REALM: Final = "simulated recorder"
FIELD: Final = re.compile(r'(\w+)="([^"]*)"')


class SignIn:
    """Who may look. Without an account everybody may, unless they are locked out."""

    def __init__(self, username: str = "", password: str = "") -> None:
        self._username = username
        self._password = password
        self._nonce = secrets.token_hex(16)

    @property
    def question(self) -> str:
        """What the head of a 401 says."""
        return f'Digest realm="{REALM}", nonce="{self._nonce}"'

    def accepts(self, method: str, header: str) -> bool:
        """Say whether a request with this Authorization header is let in."""
        if not self._username:
            return True
        said = dict(FIELD.findall(header)) if header.lower().startswith("digest ") else {}
        who = _hashed(f"{self._username}:{REALM}:{self._password}")
        what = _hashed(f"{method}:{said.get('uri', '')}")
        right = _hashed(f"{who}:{self._nonce}:{what}")
        known = said.get("username") == self._username and said.get("nonce") == self._nonce
        return known and hmac.compare_digest(right, said.get("response", ""))


def _hashed(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
