"""What whole-number values of a point mean, for every make; profiles map their raw numbers onto these."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from devices.model.texts import Text


class OnOff(IntEnum):
    """A thing that runs or rests, a flag that is set or not."""

    OFF = 0
    ON = 1


class AcMode(IntEnum):
    """Operating mode of an air conditioner."""

    OTHER = 0
    COOL = 1
    HEAT = 2
    AUTO = 3
    DRY = 4
    FAN = 5


class PumpPosition(IntEnum):
    """Selector switch of a fire pump cabinet; GB 50974-2014 11.0.1 wants AUTO."""

    OFF = 0
    AUTO = 1
    MANUAL = 2


class DoorState(IntEnum):
    """Leaf of a door."""

    CLOSED = 0
    OPEN = 1


class CameraLink(IntEnum):
    """Outcome of the latest attempt to get a picture."""

    ONLINE = 0
    HOST_DOWN = 1
    PORT_CLOSED = 2
    TIMED_OUT = 3
    UNAUTHORISED = 4
    REFUSED = 5
    NOT_A_PICTURE = 6
    SESSION_LIMIT = 7
    SILENT = 8  # connected, and nothing comes
    UNDECODABLE = 9
    CACHED = 10  # the host gives the same old picture again and says so


class PictureReference(IntEnum):
    """Whether it is known what a camera should see by the light of its latest picture."""

    NONE = 0
    UNCONFIRMED = 1
    CONFIRMED = 2  # by a person


class ReferenceStanding(IntEnum):
    """How far it is known what a camera should see by one light; the first three as in PictureReference."""

    NONE = 0
    UNCONFIRMED = 1
    CONFIRMED = 2
    TOO_PLAIN = 3  # hardly any edges: it could not be told from a covered view
    OTHER_VIEW = 4  # not what the reference by the other light shows


class Direction(IntEnum):
    """Travel of a vehicle as a radar sees it."""

    UNKNOWN = 0
    APPROACHING = 1
    RECEDING = 2


class VehicleClass(IntEnum):
    """What kind of vehicle a radar or a plate camera took it for."""

    UNKNOWN = 0
    CAR = 1
    VAN = 2
    BUS = 3
    TRUCK = 4
    MOTORCYCLE = 5
    BICYCLE = 6
    EMERGENCY = 7  # fire engine, ambulance, rescue: on a task they are free of in-plant limits (GB 4387)


class SpeedCheck(IntEnum):
    """What a camera says to the speed that a radar told."""

    SINGLE_SOURCE = 0
    CONFIRMED = 1
    CONFLICT = 2


CODES: Final[dict[str, type[IntEnum]]] = {
    "on_off": OnOff,
    "ac_mode": AcMode,
    "pump_position": PumpPosition,
    "door": DoorState,
    "camera_link": CameraLink,
    "picture_reference": PictureReference,
    "reference_standing": ReferenceStanding,
    "direction": Direction,
    "vehicle_class": VehicleClass,
    "speed_check": SpeedCheck,
}

#: What each code is called, by set and code: members of two sets with one number are equal as keys.
CODE_TEXTS: Final[dict[str, dict[int, Text]]] = {
    "on_off": {
        OnOff.OFF: Text("关", "off"),
        OnOff.ON: Text("开", "on"),
    },
    "ac_mode": {
        AcMode.OTHER: Text("其他", "other"),
        AcMode.COOL: Text("制冷", "cooling"),
        AcMode.HEAT: Text("制热", "heating"),
        AcMode.AUTO: Text("自动", "auto"),
        AcMode.DRY: Text("除湿", "dry"),
        AcMode.FAN: Text("送风", "fan"),
    },
    "pump_position": {
        PumpPosition.OFF: Text("停止位", "off"),
        PumpPosition.AUTO: Text("自动位", "automatic"),
        PumpPosition.MANUAL: Text("手动位", "manual"),
    },
    "door": {
        DoorState.CLOSED: Text("关闭", "closed"),
        DoorState.OPEN: Text("开启", "open"),
    },
    "camera_link": {
        CameraLink.ONLINE: Text("在线", "online"),
        CameraLink.HOST_DOWN: Text("主机不可达", "host down"),
        CameraLink.PORT_CLOSED: Text("端口关闭", "port closed"),
        CameraLink.TIMED_OUT: Text("超时", "timed out"),
        CameraLink.UNAUTHORISED: Text("认证失败", "unauthorised"),
        CameraLink.REFUSED: Text("拒绝服务", "refused"),
        CameraLink.NOT_A_PICTURE: Text("非图片", "not a picture"),
        CameraLink.SESSION_LIMIT: Text("会话数已满", "session limit"),
        CameraLink.SILENT: Text("已连接但无数据", "connected but silent"),
        CameraLink.UNDECODABLE: Text("解码失败", "decoding error"),
        CameraLink.CACHED: Text("缓存旧图", "cached picture"),
    },
    "picture_reference": {
        PictureReference.NONE: Text("尚无", "none yet"),
        PictureReference.UNCONFIRMED: Text("待确认", "unconfirmed"),
        PictureReference.CONFIRMED: Text("已确认", "confirmed"),
    },
    "reference_standing": {
        ReferenceStanding.NONE: Text("尚无", "none yet"),
        ReferenceStanding.UNCONFIRMED: Text("待确认", "unconfirmed"),
        ReferenceStanding.CONFIRMED: Text("已确认", "confirmed"),
        ReferenceStanding.TOO_PLAIN: Text("画面太空,无法学习", "too plain to be learnt"),
        ReferenceStanding.OTHER_VIEW: Text("与另一光照的画面不符", "not the view of the other light"),
    },
    "direction": {
        Direction.UNKNOWN: Text("未知", "unknown"),
        Direction.APPROACHING: Text("驶近", "approaching"),
        Direction.RECEDING: Text("驶离", "receding"),
    },
    "vehicle_class": {
        VehicleClass.UNKNOWN: Text("未知", "unknown"),
        VehicleClass.CAR: Text("小客车", "car"),
        VehicleClass.VAN: Text("面包车", "van"),
        VehicleClass.BUS: Text("大客车", "bus"),
        VehicleClass.TRUCK: Text("货车", "truck"),
        VehicleClass.MOTORCYCLE: Text("摩托车", "motorcycle"),
        VehicleClass.BICYCLE: Text("非机动车", "bicycle"),
        VehicleClass.EMERGENCY: Text("特种车辆", "emergency vehicle"),
    },
    "speed_check": {
        SpeedCheck.SINGLE_SOURCE: Text("单一来源", "single source"),
        SpeedCheck.CONFIRMED: Text("视频已核实", "confirmed"),
        SpeedCheck.CONFLICT: Text("雷达与视频不符", "conflict"),
    },
}
