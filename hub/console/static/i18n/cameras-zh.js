// 视频点位用语。
export const camerasZh = {
  online: '在线', picture: '画面异常', dark: '黑屏', frozen: '冻结', offline: '离线', silent: '连上无数据', 'session-limit': '会话已满', undecodable: '无法解码', cached: '重复旧图', unauthorised: '认证失败', 'not-a-picture': '非图片', unknown: '未知',
  view: '看法', views: { wall: '点位墙', coverage: '覆盖', rates: '在线率' }, by: '分组', by_site: '按园区', by_kind: '按场所', by_area: '按区域', by_state: '按状态', groupCount: '{n} 点,完好 {good}',
  points: '点位', onlineRate: '在线率', goodRate: '完好率', all: '全部', choose: '点一个格子看这台摄像机', none: '没有这种状态的点位', wasState: '{state}(已过时)', attention: '需要处理 {n}',
  standing: { covered: '已覆盖', uncovered: '未覆盖', unknown: '不能确定' },
  coverage: { none: '没有登记摄像机', demand: '要求', good: '完好 / 要求', definition: '完好 = 在线、画面不黑不冻结且没有未恢复的画面告警。未知的不算完好;未知的都算上也不够,是“未覆盖”,算上才够,是“不能确定”。', noEntries: '现场文件没有 coverage 一节,没有要求覆盖的区域' },
  rates: { group: '范围', month: '月份', span: '{from} 至 {to},抽查 {checks} 次', onlineTime: '在线率 时间', goodTime: '完好率 时间', unknownTime: '未知 时间', onlineCheck: '在线率 抽查', goodCheck: '完好率 抽查', recording: '录像完整率', onlineBefore: '上月在线率', goodBefore: '上月完好率' },
  page: { history: '告警经过', wall: '在点位墙上看', noLimit: '没有固定限值', above: '高于 {limit} 告警', below: '低于 {limit} 告警', unknown: '没有 {id} 这台摄像机', times: '{n} 次', noReading: '这段时间没有读数' },
};
