"""The console: pages that a browser runs; data only ever comes from the REST interface and its event stream."""

from __future__ import annotations

from hub.console.files import CONTENT_SECURITY_POLICY, STATIC, mount_console

__all__ = ["CONTENT_SECURITY_POLICY", "STATIC", "mount_console"]
