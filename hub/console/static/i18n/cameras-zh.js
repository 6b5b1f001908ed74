// 视频点位用语。
export const camerasZh = {
  online: '在线', picture: '画面异常', dark: '黑屏', frozen: '冻结', offline: '离线', silent: '连上无数据', 'session-limit': '会话已满', undecodable: '无法解码', cached: '重复旧图', unauthorised: '认证失败', 'not-a-picture': '非图片', unknown: '未知',
  view: '看法', views: { wall: '点位墙', coverage: '覆盖', rates: '在线率', commissioning: '调试验收' }, by: '分组', by_site: '按园区', by_kind: '按场所', by_area: '按区域', by_state: '按状态', groupCount: '{n} 点,完好 {good}',
  points: '点位', onlineRate: '在线率', goodRate: '完好率', all: '全部', choose: '点一个格子看这台摄像机', none: '没有这种状态的点位', wasState: '{state}(已过时)', attention: '需要处理 {n}',
  standing: { covered: '已覆盖', uncovered: '未覆盖', unknown: '不能确定' },
  coverage: { none: '没有登记摄像机', demand: '要求', good: '完好 / 要求', definition: '完好 = 在线、画面不黑不冻结且没有未恢复的画面告警。未知的不算完好;未知的都算上也不够,是“未覆盖”,算上才够,是“不能确定”。', noEntries: '现场文件没有 coverage 一节,没有要求覆盖的区域' },
  rates: { group: '范围', month: '月份', span: '{from} 至 {to},抽查 {checks} 次。', onlineTime: '在线率 时间', goodTime: '完好率 时间', unknownTime: '未知 时间', onlineCheck: '在线率 抽查', goodCheck: '完好率 抽查', recorded: '录像完整率', recordedUnknown: '录像未知', recordedDays: '录像完整天', recordedLast: '最近整天', lastDay: '最近一个整天:{day}', onlineBefore: '上月在线率', goodBefore: '上月完好率' },
  pictures: {
    newest: '最新画面', day: '日间参考', night: '夜间参考', compare: '对比方式', side: '并排', slide: '滑动', difference: '差异', light: '参考', kept: '参考边缘还在 {share}%', slider: '分界位置', since: '自 {at}({age})',
    slideNote: '左为最新画面,右为参考画面', differenceNote: '越亮差别越大;全黑即一致', hidden: '值班员及以上可看画面;下面是画面的各项信号', noNewest: '网关内存中没有这台摄像机的画面', noReference: '尚无参考画面', away: '网关“{name}”不在线,看不到画面',
  },
  reference: {
    none: '尚无', unconfirmed: '待确认', confirmed: '已确认', 'too-plain': '画面太空', 'other-view': '与另一参考不符', untold: '未上报',
    confirm: '确认', confirmWhy: '已在控制台查看:画面与位置正确', forget: '重新学习…', forgetNow: '重新学习', forgetNote: '日间与夜间参考都会忘掉并重新学习(约两分半钟,夜间要等到夜里)。摄像机有意转动、现场改造之后才这样做。', underWay: '指令已发往网关', needsEngineer: '工程师可确认参考画面',
  },
  left: {
    'no-picture': '取不到画面', untold: '网关尚未上报参考状态', alert: '有告警未恢复,恢复后才学习(已下令重新学习的除外)', 'other-view-day': '日间画面与夜间参考不符', 'other-view-night': '夜间画面与日间参考不符', 'plain-day': '日间画面太空,无法学习', 'plain-night': '夜间画面太空,无法学习',
    'confirm-day': '日间待确认', 'confirm-night': '夜间待确认', 'no-day': '日间未学到', 'no-night': '夜间未学到',
  },
  setup: {
    progress: '各楼进度', every_area: '所有区域', every_link: '所有链路', dayDone: '日间 {n} / {of}', nightDone: '夜间 {n} / {of}', left: '还差什么', confirm: '待确认', blocked: '受阻', waiting: '等待', done: '完成', all: '全部', press: '确认无误', next: '下一个', none: '没有这种情况的摄像机', isDone: '日间、夜间均已确认',
    question: '画面是否就是上面写的位置?参考画面是否清晰、没有遮挡?', note: 'Enter 确认,N 下一个,P 上一个,F 重新学习。只确认看到过的参考画面。夜间参考要等摄像机转为红外后才能学到,第二天再来确认。位置不对时先改现场文件或接线,再重新学习。',
  },
  page: { signals: '画面信号', history: '告警经过', wall: '在点位墙上看', noLimit: '没有固定限值', above: '高于 {limit} 告警', below: '低于 {limit} 告警', unknown: '没有 {id} 这台摄像机', times: '{n} 次', noReading: '这段时间没有读数' },
};
