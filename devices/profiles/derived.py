"""Points that the agent itself makes of what devices of a kind say: passes of vehicles, what a picture looks like."""

from __future__ import annotations

from typing import Final

from devices.profiles.point import Point, Words


def _point(
    name: str,
    zh: str,
    en: str,
    unit: str = "",
    valid: tuple[float, float] | None = None,
    codes: str | None = None,
) -> Point:
    return Point(name=name, title=Words(zh=zh, en=en), unit=unit, valid=valid, codes=codes)


_SHARE: Final = ("%", (0.0, 100.0))
_RATIO: Final = ("%", (0.0, 100_000.0))

PASS_POINTS: Final = (
    _point("pass_kmh", "车辆通过速度(驶近为正)", "speed of a vehicle pass (approaching is positive)", "km/h"),
    _point("pass_class", "通过车辆类型", "class of a vehicle that passed", codes="vehicle_class"),
    _point("pass_check", "车速视频核对", "what a camera says to the speed", codes="speed_check"),
    _point("pass_vision_kmh", "视频测得车速", "speed of the same vehicle by a camera", "km/h", (0.0, 200.0)),
)

#: See docs/vision-speed.md; only cameras with a calibration tell them.
VISION_POINTS: Final = (
    _point(
        "vision_kmh",
        "视频测速(驶近为正)",
        "speed in the picture (approaching is positive)",
        "km/h",
        (-200.0, 200.0),
    ),
    _point("vision_error_kmh", "视频测速误差(95%)", "error of that speed (95 %)", "km/h", (0.0, 200.0)),
    _point("vision_lane", "视频测速车道", "lane of that speed", "count", (0.0, 8.0)),
    _point(
        "vision_void_s", "测速标定已失效时长(0 为有效)", "calibration void for (0: valid)", "s", (0.0, 4e9)
    ),
)

#: See docs/picture-health.md. No reading: the measure makes no sense for this picture, or there is no reference.
PICTURE_POINTS: Final = (
    _point("mean_level", "平均亮度", "mean level", "level", (0.0, 255.0)),
    _point("std_level", "亮度离散", "spread of levels", "level", (0.0, 128.0)),
    _point("bright_share", "过曝像素占比", "burnt out pixels", *_SHARE),
    _point("flat_share", "无纹理区块占比", "tiles without structure", *_SHARE),
    _point("same_share", "与上一画面相同区块占比", "tiles equal to those before", *_SHARE),
    _point("same_pictures", "连续相同画面", "equal pictures in a row", "count", (0.0, 1_000_000.0)),
    _point("colour", "色彩强度(0 为红外黑白)", "colour (0: infrared)", "level", (0.0, 255.0)),
    _point("noise_level", "画面噪声", "noise of the picture", "level", (0.0, 128.0)),
    _point("sharpness", "清晰度(相对参考画面)", "sharpness against the reference", *_RATIO),
    _point("kept_edges", "参考边缘保留率", "edges of the reference that are there", *_SHARE),
    _point("clear_third", "边缘保留最多的三分之一画面", "edges kept in the best third of the view", *_SHARE),
    _point("like_side", "与参考画面最像一侧的相同区块", "tiles as in the reference, best side", *_SHARE),
    _point("texture", "纹理强度(相对参考画面)", "texture against the reference", *_RATIO),
    _point("covered_share", "被遮区块占比", "covered tiles", *_SHARE),
    _point("shift", "画面偏移(占画面宽度)", "shift of the view by its width", *_SHARE),
    _point("shift_x", "画面右移(320 像素宽)", "shift to the right, 320 px wide", "px", (-320.0, 320.0)),
    _point("shift_y", "画面下移(320 像素宽)", "shift down, 320 px wide", "px", (-320.0, 320.0)),
    _point("reference", "参考画面", "reference picture", codes="picture_reference"),
    _point("reference_day", "日间参考画面", "reference by day", codes="reference_standing"),
    _point("reference_night", "夜间参考画面", "reference by night", codes="reference_standing"),
    _point("alike", "同楼同时变化的摄像机占比", "cameras of the building that changed alike", *_SHARE),
    _point("many_alike", "全楼画面同时变化", "largest such share of the building", *_SHARE),
    _point("fps", "帧率", "frames per second", "Hz", (0.0, 240.0)),
    _point("clock_off_s", "时钟偏差(快为正)", "clock error (ahead is positive)", "s", (-4e9, 4e9)),
)

#: What a recorder says of the hours that it recorded, see docs/cameras-rates.md; told at the end of each hour.
RECORDING_POINTS: Final = (
    _point("recorded_share", "一小时内有录像的时间占比", "recorded part of an hour", *_SHARE),
    _point(
        "gaps_alike",
        "同一录像机同时缺录像的通道占比",
        "channels of the recorder with gaps in that hour",
        *_SHARE,
    ),
    _point("many_gaps", "录像机缺录像的通道占比", "such share, of the recorder", *_SHARE),
)

#: Cameras of one host that give no picture together, see docs/cameras.md.
HOST_POINTS: Final = (
    _point("offline_alike", "同一主机无画面的摄像机占比", "cameras of the host without a picture", *_SHARE),
    _point("many_offline", "主机无画面的摄像机占比", "such share, of the host", *_SHARE),
    _point(
        "many_unreached",
        "同楼一起断开的摄像机占比",
        "cameras of the building that went away together",
        *_SHARE,
    ),
)
