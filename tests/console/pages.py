"""Every page of the console."""

from __future__ import annotations

#: page, what must be there before it counts as drawn
PAGES = {
    "board": ".alert-row",
    "campus": ".elevation .room",
    "campus/area/hq1-grounds-104": ".room-device .reading",
    "device/hq1-pump-1": ".points .point-now .reading",
    "trends?points=hq1-ac-001.room_c,hq1-ac-001.mode,hq1-meter-01.power_w": ".chart-canvas canvas",
    "speed": ".chart-canvas canvas",
    "calibrate": ".calibrate-form",
    "cooling": ".table-row",
    "cameras": ".tile",
    "cameras/coverage": ".coverage .table-row",
    "cameras/rates": ".rates-page .table-row",
    "cameras/commissioning": ".commissioning-card .picture img",
    "camera/hq1-cam-0001": ".signal .spark-line",
    "orders": ".orders .table-row",
    "probe": ".probe-form",
    "gateways": ".gateway",
    "admin": ".users .table-row",
}
