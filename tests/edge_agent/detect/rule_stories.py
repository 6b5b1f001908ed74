"""What the devices of the demo campus say in the story of each shipped rule, and what the alert then says."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.model.codes import AcMode, CameraLink, DoorState, OnOff, PictureReference, PumpPosition

ON, OFF = float(OnOff.ON), float(OnOff.OFF)
Values = dict[str, float]


@dataclass(frozen=True)
class Story:
    """What a rule's device says: `good` first, `bad` from 60 s on, good again from 300 s.

    A silent story has no `bad`: its device says nothing from 60 s to 300 s, and `beside` speaks on. In the story
    of a link every device of that make on the link does the same.
    """

    device: str
    zh: str
    en: str
    good: Values
    bad: Values = field(default_factory=dict)
    begin_s: float = 60.0
    raise_s: float = 60.0
    every_s: float = 10.0
    beside: tuple[str, ...] = ()


PUMP = {
    "position": float(PumpPosition.AUTO),
    "power_ok": ON,
    "phase_ok": ON,
    "demand": OFF,
    "running": OFF,
    "inspection": OFF,
    "fault": OFF,
    "standby_power_ok": ON,
    "stabiliser_auto": ON,
    "emergency_start": OFF,
    "pressure_mpa": 0.45,
    "tank_level_m": 3.0,
}
CABINET = "一号院消防泵房控制柜"
CABINET_EN = "Cabinet, Fire pump room, No. 1"
CAMERA = "围墙周界摄像机7"
CAMERA_EN = "Camera 7, Perimeter wall"
PICTURE = {
    "link": float(CameraLink.ONLINE),
    "mean_level": 110.0,
    "std_level": 40.0,
    "bright_share": 0.0,
    "flat_share": 20.0,
    "same_share": 0.0,
    "same_pictures": 0.0,
    "noise_level": 1.0,
    "sharpness": 100.0,
    "kept_edges": 98.0,
    "clear_third": 99.0,
    "like_side": 98.0,
    "texture": 100.0,
    "covered_share": 0.0,
    "shift": 0.0,
    "reference": float(PictureReference.CONFIRMED),
    "alike": 0.0,
    "many_alike": 0.0,
    "fps": 15.0,
    "clock_off_s": 0.3,
    "recorded_share": 100.0,
    "gaps_alike": 0.0,
    "many_gaps": 0.0,
    "offline_alike": 0.0,
    "many_offline": 0.0,
    "many_unreached": 0.0,
}
AC = {"on": ON, "mode": float(AcMode.COOL), "setpoint_c": 26.0, "fault": OFF}
DOOR = {"open": float(DoorState.CLOSED), "forced": OFF}
DOOR_NAME, DOOR_EN = "主楼102 总值班室门禁", "Door Main 102 Duty room"


def pump(zh: str, en: str, raise_s: float, **bad: float) -> Story:
    return Story(
        "hq1-pump-1", f"{CABINET}:{zh}", f"{CABINET_EN}: {en}", PUMP, bad, raise_s=raise_s, every_s=2
    )


def camera(zh: str, en: str, raise_s: float, **bad: float) -> Story:
    return Story(
        "hq1-cam-104", f"{CAMERA}:{zh}", f"{CAMERA_EN}: {en}", PICTURE, bad, raise_s=raise_s, every_s=30
    )


def door(zh: str, en: str, raise_s: float, **bad: float) -> Story:
    return Story("hq1-door-03", f"{DOOR_NAME}:{zh}", f"{DOOR_EN}: {en}", DOOR, bad, raise_s=raise_s)


STORIES = {
    "pump-not-auto": pump(
        "转换开关不在自动位",
        "selector switch is not in automatic",
        65,
        position=float(PumpPosition.MANUAL),
    ),
    "pump-power-lost": pump("主电源失电", "main supply is gone", 63, power_ok=OFF),
    "pump-phase-lost": pump("缺相或相序错误", "a phase is missing or out of order", 63, phase_ok=OFF),
    "pump-did-not-start": pump(
        "有启泵信号,120 秒内未运行", "start signal, but not running after 120 s", 180, demand=ON
    ),
    "pump-running": pump("消防泵已启动", "a fire pump has started", 63, running=ON),
    "pump-fault": pump("控制柜报故障", "the cabinet reports a fault", 63, fault=ON),
    "stabiliser-not-auto": pump(
        "稳压泵不在自动位", "the stabiliser pump is not in automatic", 90, stabiliser_auto=OFF
    ),
    "pump-standby-power-lost": pump("备用电源失电", "standby supply is gone", 120, standby_power_ok=OFF),
    "pump-emergency-start": pump(
        "机械应急启动装置已动作", "the mechanical emergency start was used", 63, emergency_start=ON
    ),
    "low-network-pressure": pump(
        "管网压力 0.3 MPa,低于 0.35 MPa", "network at 0.3 MPa, below 0.35 MPa", 70, pressure_mpa=0.30
    ),
    "tank-low": pump("高位水箱水位 1.1 m", "roof tank at 1.1 m", 120, tank_level_m=1.1),
    "low-pressure": Story(
        "hq1-pressure-roof",
        "一号院消防泵房最不利点压力:压力 0.12 MPa,低于 0.15 MPa",
        "Pressure roof, Fire pump room, No. 1: 0.12 MPa, below 0.15 MPa",
        {"pressure_mpa": 0.30},
        {"pressure_mpa": 0.12},
        raise_s=70,
        every_s=2,
    ),
    "setpoint": Story(
        "hq1-ac-0304",
        "主楼304 节能管理科:空调设定 22 C,标准 26 C",
        "Main 304 Energy saving: set to 22 C, the standard is 26 C",
        AC,
        {"setpoint_c": 22.0},
        raise_s=80,
    ),
    "ac-fault": Story(
        "hq1-ac-0304",
        "主楼304 节能管理科:空调报故障",
        "Main 304 Energy saving: the air conditioner reports a fault",
        AC,
        {"fault": ON},
        raise_s=120,
    ),
    "door-forced": door("未授权开门", "opened without a release", 60, forced=ON),
    "door-held": door("门开启已超过 60 秒", "open for more than 60 s", 120, open=float(DoorState.OPEN)),
    "camera-offline": camera(
        "取不到画面(超时)", "no picture (timed out)", 95, link=float(CameraLink.TIMED_OUT)
    ),
    "camera-dark": camera(
        "画面过暗或被遮挡", "the picture is dark or covered", 95, mean_level=6.0, std_level=2.0
    ),
    "camera-frozen": camera("画面连续 2 次相同", "the same picture 2 times in a row", 60, same_pictures=2.0),
    "camera-no-video": camera(
        "录像机给出的是固定底图(97% 无纹理)",
        "a placeholder, 97 % of it without structure",
        95,
        flat_share=97.0,
        same_share=100.0,
    ),
    "camera-overexposed": camera(
        "80% 的像素过曝", "80 % of the pixels are burnt out", 100, bright_share=80.0
    ),
    "camera-covered": camera(
        "参考画面的边缘仅剩 6%,画面无纹理",
        "only 6 % of the edges of its reference are there, and hardly any others",
        110,
        kept_edges=6.0,
        texture=4.0,
        clear_third=9.0,
        covered_share=98.0,
    ),
    "camera-turned": camera(
        "与参考画面不同,边缘仅剩 18%",
        "another view, only 18 % of the edges of its reference are there",
        115,
        kept_edges=18.0,
        texture=90.0,
        like_side=30.0,
        clear_third=30.0,
        covered_share=88.0,
    ),
    "camera-moved": camera("画面偏移 4.5%", "the view moved by 4.5 % of its width", 110, shift=4.5),
    "camera-blurred": camera(
        "清晰度为参考画面的 40%", "sharpness is 40 % of the reference", 115, sharpness=40.0
    ),
    "camera-noisy": camera(
        "画面噪声 17,疑有干扰或雪花", "noise of 17 grey levels: interference?", 110, noise_level=17.0
    ),
    "camera-low-rate": camera("每秒仅 1.5 帧", "only 1.5 frames a second", 115, fps=1.5),
    "camera-clock-wrong": camera("时钟偏差 3600 秒", "its clock is off by 3600 s", 115, clock_off_s=3600.0),
    "camera-many": camera(
        "同楼 70% 的摄像机画面同时变化:雾、雨、光线、供电或交换机",
        "70 % of the cameras of the building changed alike: fog, rain, light, power or a switch",
        95,
        many_alike=70.0,
    ),
    "camera-many-offline": camera(
        "所在录像机 60% 以上的摄像机取不到画面",
        "60 % or more of the cameras of its recorder give no picture",
        135,
        link=float(CameraLink.SESSION_LIMIT),
        offline_alike=60.0,
        many_offline=60.0,
    ),
    "camera-building-offline": camera(
        "同楼 60% 以上的网络摄像机同时断开:供电或交换机",
        "60 % or more of the network cameras of its building went away together: power or a switch",
        85,
        link=float(CameraLink.HOST_DOWN),
        offline_alike=60.0,
        many_unreached=60.0,
    ),
    "camera-recording-gap": camera(
        "上一小时仅 40% 有录像", "only 40 % of the last hour was recorded", 60, recorded_share=40.0
    ),
    "camera-recorder-gaps": camera(
        "所在录像机 90% 的通道上一小时录像不完整",
        "90 % of the channels of its recorder have gaps in the last hour",
        60,
        recorded_share=40.0,
        gaps_alike=90.0,
        many_gaps=90.0,
    ),
    "device-silent": Story(
        "hq1-main-meter-floor-2",
        "主楼2层电表:已 60 秒无有效数据",
        "Meter Main floor 2: no good reading for 60 s",
        {"power_w": 900.0},
        begin_s=50,
        raise_s=110,
        beside=("hq1-main-meter-main",),
    ),
    "pump-silent": Story(
        "hq1-pump-1",
        f"{CABINET}:已 30 秒无有效数据",
        f"{CABINET_EN}: no good reading for 30 s",
        PUMP,
        begin_s=58,
        raise_s=88,
        every_s=2,
        beside=("hq1-pressure-roof",),
    ),
    "door-silent": Story(
        "hq1-door-03",
        f"{DOOR_NAME}:已 150 秒无有效数据",
        f"{DOOR_EN}: no good reading for 150 s",
        DOOR,
        begin_s=50,
        raise_s=200,
        beside=("hq1-door-04",),
    ),
    "link-silent": Story(
        "hq1-main-meter-floor-2",
        "一号院配电房电表:整条链路已 45 秒无有效数据",
        "Meters, No. 1 switch room: nothing on the whole link for 45 s",
        {"power_w": 900.0},
        begin_s=50,
        raise_s=95,
    ),
    "field-silent": Story(
        "hq1-door-03",
        "一号院现场消息:门禁已 130 秒无消息",
        "Field messages, Compound No. 1: no door has reported for 130 s",
        DOOR,
        begin_s=50,
        raise_s=180,
    ),
    "recorder-silent": Story(
        "hq1-cam-104",
        "一号院录像机4:所有通道已 100 秒无画面",
        "Recorder 4, Compound No. 1: no picture from any channel for 100 s",
        PICTURE,
        begin_s=30,
        raise_s=130,
        every_s=30,
    ),
}
