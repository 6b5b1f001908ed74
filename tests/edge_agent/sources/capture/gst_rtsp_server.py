"""A real RTSP server: GStreamer's, run by Debian's Python. Says its port, then serves until its input ends.

Arguments: JSON with `clips` (path to file), `sessions` (at most), and `account` ([scheme, user, password]).
"""

from __future__ import annotations

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions are chosen before

ROLE = "viewer"


def main(wanted: dict) -> None:
    Gst.init(None)
    loop = GLib.MainLoop()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    if wanted.get("sessions"):
        server.get_session_pool().set_max_sessions(wanted["sessions"])
    if wanted.get("account"):
        server.set_auth(auth(*wanted["account"]))
    for path, file in wanted["clips"].items():
        server.get_mount_points().add_factory(path, factory(file, has_roles=bool(wanted.get("account"))))
    server.attach(None)
    print(server.get_bound_port(), flush=True)  # noqa: T201 - the test reads it
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


def factory(file: str, *, has_roles: bool) -> GstRtspServer.RTSPMediaFactory:
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( filesrc location={file} ! qtdemux ! rtph264pay name=pay0 pt=96 )")
    if has_roles:
        made.add_role_from_structure(allowing())
    return made


def allowing() -> Gst.Structure:
    allowed = Gst.Structure.new_empty(ROLE)
    allowed.set_value("media.factory.access", True)
    allowed.set_value("media.factory.construct", True)
    return allowed


def auth(scheme: str, user: str, password: str) -> GstRtspServer.RTSPAuth:
    made, token = GstRtspServer.RTSPAuth.new(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    if scheme == "digest":
        made.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        made.add_digest(user, password, token)
    else:
        made.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    return made


main(json.loads(sys.argv[1]))
