"""What the reader of models found and expected, in both languages, by the codes that it tells mistakes with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devices.model.texts import Said, same

MAX_FOUND: Final = 80
_TOO_LONG: Final = "至多 {max_length} 个字符"
_DATE: Final = "日期 YYYY-MM-DD（{error}）"
_MOMENT: Final = "日期和时间（{error}）"
_NO_ARGUMENT: Final = "须给出的参数"
_LOOP: Final = "不太深、也不指回自身的值"

#: What was expected, by the code of the mistake; the fields are those that pydantic tells with it.
CHINESE: Final[Mapping[str, str]] = {
    "no_such_attribute": "没有属性 {attribute}",
    "json_invalid": "合法的 JSON（{error}）",
    "json_type": "JSON 文本",
    "needs_python_object": "不能来自 JSON 的值（{method_name}）",
    "recursion_loop": _LOOP,
    "recursion_depth_exceeded": _LOOP,
    "missing": "一个值",
    "frozen_field": "不再更改的值",
    "frozen_instance": "不再更改的值",
    "extra_forbidden": "仅限已知的键",
    "invalid_key": "文字的键",
    "get_attribute_error": "可读的属性（{error}）",
    "model_type": "键与值的对象（{class_name}）",
    "model_attributes_type": "键与值的对象",
    "dataclass_type": "键与值的对象（{class_name}）",
    "dataclass_exact_type": "{class_name} 类的对象",
    "named_tuple_type": "列表或对象（{class_name}）",
    "default_factory_not_called": "先改正其他的值",
    "none_required": "空值",
    "greater_than": "大于 {gt}",
    "greater_than_equal": "不小于 {ge}",
    "less_than": "小于 {lt}",
    "less_than_equal": "不大于 {le}",
    "multiple_of": "{multiple_of} 的倍数",
    "finite_number": "有限的数",
    "too_short": "至少 {min_length} 项，现有 {actual_length} 项",
    "too_long": "至多 {max_length} 项",
    "iterable_type": "一列值",
    "iteration_error": "一列值（{error}）",
    "string_type": "文字",
    "string_unicode": "Unicode 文字",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": _TOO_LONG,
    "string_pattern_mismatch": "符合格式 '{pattern}' 的文字",
    "string_not_ascii": "仅含 ASCII 字符的文字",
    "enum": "{expected}",
    "dict_type": "键与值的对象",
    "frozen_dict_type": "键与值的对象",
    "ordered_dict_type": "键与值的对象",
    "counter_type": "键与数量的对象",
    "mapping_type": "键与值的对象（{error}）",
    "list_type": "列表",
    "deque_type": "列表",
    "tuple_type": "列表",
    "set_type": "不重复的列表",
    "set_item_not_hashable": "单个的文字或数",
    "bool_type": "true 或 false",
    "bool_parsing": "true 或 false",
    "int_type": "整数",
    "int_parsing": "整数",
    "int_parsing_size": "位数较少的整数",
    "int_from_float": "没有小数的整数",
    "float_type": "数",
    "float_parsing": "数",
    "bytes_type": "字节",
    "bytes_too_short": "至少 {min_length} 字节",
    "bytes_too_long": "至多 {max_length} 字节",
    "bytes_invalid_encoding": "{encoding} 编码的字节（{encoding_error}）",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "literal_error": "{expected}",
    "missing_sentinel_error": "不给出",
    "ellipsis_error": "省略号",
    "date_type": "日期",
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": "不带时间的日期",
    "date_past": "过去的日期",
    "date_future": "将来的日期",
    "time_type": "时间",
    "time_parsing": "时间（{error}）",
    "datetime_type": "日期和时间",
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": "过去的时间",
    "datetime_future": "将来的时间",
    "timezone_naive": "不带时区的时间",
    "timezone_aware": "带时区的时间",
    "timezone_offset": "时区偏移为 {tz_expected} 的时间，不是 {tz_actual}",
    "time_delta_type": "时长",
    "time_delta_parsing": "时长（{error}）",
    "frozen_set_type": "不重复的列表",
    "is_instance_of": "{class} 类的对象",
    "is_subclass_of": "{class} 的子类",
    "callable_type": "可调用的对象",
    "union_tag_invalid": "{discriminator} 为以下之一：{expected_tags}；不是 '{tag}'",
    "union_tag_not_found": "写明种类的 {discriminator}",
    "arguments_type": "列表或对象",
    "missing_argument": _NO_ARGUMENT,
    "unexpected_keyword_argument": "仅限已知的参数",
    "missing_keyword_only_argument": _NO_ARGUMENT,
    "unexpected_positional_argument": "仅限已知的参数",
    "missing_positional_only_argument": _NO_ARGUMENT,
    "multiple_argument_values": "每个参数只给一次",
    "url_type": "网址",
    "url_parsing": "网址（{error}）",
    "url_syntax_violation": "写法严格的网址（{error}）",
    "url_too_long": _TOO_LONG,
    "url_scheme": "以 {expected_schemes} 开头的网址",
    "uuid_type": "UUID 编号",
    "uuid_parsing": "UUID 编号（{error}）",
    "uuid_version": "第 {expected_version} 版的 UUID",
    "decimal_type": "小数",
    "decimal_parsing": "小数",
    "decimal_max_digits": "至多 {max_digits} 位数字的小数",
    "decimal_max_places": "至多 {decimal_places} 位小数的数",
    "decimal_whole_digits": "小数点前至多 {whole_digits} 位的数",
    "fraction_type": "分数",
    "fraction_parsing": "分数",
    "complex_type": "复数",
    "complex_str_parsing": "复数",
}


def found(item: Mapping[str, Any]) -> Said:
    """What stood there instead; `item` is one of `ValidationError.errors()`."""
    if item["type"] == "missing":
        return Said("空", "nothing")
    shown = _shortened(item["input"])
    if item["type"] == "extra_forbidden":
        return Said(f"未知的键，值为 {shown}", f"an unknown key with value {shown}")
    return same(shown)


def expected(item: Mapping[str, Any]) -> Said:
    """What should have stood there, as a checker said it in both languages, or by the table."""
    if item["type"] == "extra_forbidden":
        return Said(CHINESE[item["type"]], "only known keys")
    if item["type"] == "missing":
        return Said(CHINESE[item["type"]], "a value")
    english = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    told = {name: _chinese(value) for name, value in item.get("ctx", {}).items()}
    template = CHINESE.get(item["type"])  # a newer pydantic may know more codes
    return Said(english if template is None else template.format_map(told), english)


def _chinese(value: object) -> str:
    """A field of a template; an exception counts as what it says."""
    if isinstance(value, Exception) and len(value.args) == 1:
        [value] = value.args
    if isinstance(value, Said):
        return value.zh
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # as pydantic writes it
    return str(value).replace("' or '", "' 或 '")


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_FOUND else text[: MAX_FOUND - 3] + "..."
