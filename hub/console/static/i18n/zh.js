// 控制室用语。每个键在 en.js 里都有对应。
export const zh = {
  product: '园区卫士',
  nav: {
    pages: '页面', board: '告警', campus: '园区', trends: '趋势', speed: '车速', cooling: '空调', cameras: '视频', gateways: '网关',
    admin: '管理', signOut: '退出',
  },
  role: { viewer: '查看', operator: '值班员', engineer: '工程师', admin: '管理员' },
  choice: { language: '切换语言', otherLanguage: 'English', theme: '切换明暗', auto: '自动', dark: '深色', light: '浅色' },
  place: { site: '园区', between: ' / ', and: '、' },
  severity: { critical: '紧急', high: '重要', medium: '一般', low: '提示' },
  family: { fire: '消防', traffic: '交通', cooling: '空调', energy: '能耗', access: '门禁', camera: '视频', device: '设备' },
  time: {
    s: '{s} 秒', min: '{min} 分 {s} 秒', h: '{h} 小时 {min} 分', d: '{d} 天 {h} 小时',
    ageS: '{n}秒', ageMin: '{n}分', ageH: '{n}小时', ageD: '{n}天',
  },
  value: { none: '—', stale: '{age}前', noReading: '无读数' },
  board: {
    counts: '未关闭告警数', countWords: '未关闭 {open},待确认 {unacked}', onlyUnacked: '只看待确认', allSites: '全部园区', search: '查找',
    new: '新告警 {n} 条', settle: '按 R 或空格排入列表', upToDate: '列表已是最新', laneCount: '{n} 条未关闭', laneNone: '无告警',
    list: '告警列表', detail: '告警详情', choose: '选中一条告警查看详情', covered: '覆盖 {n} 条', back: '返回列表',
  },
  quiet: {
    none: '没有未关闭的告警', rest: '消防以外没有未关闭的告警', filtered: '筛选范围内没有未关闭的告警',
    partly: '在线网关范围内没有告警;离线网关情况不明', unknown: '情况不明', sure: '截至 {at} 确认 · 网关 {on}/{total} 在线',
    lastSure: '最后一次确认是 {at},{age}前', never: '还没有收到中心的数据',
  },
  alert: {
    number: 'A-{n}', where: '位置', device: '设备', since: '起始', until: '(恢复于 {at})', times: '共 {n} 次', late: '离线期间补报',
    evidence: '依据', limit: '限值 {limit}', openTrend: '打开趋势', advice: '先做什么', people: '责任', owner: '责任单位', assignee: '处理人',
    nobody: '未指派', me: '由我处理', covers: '被它覆盖的 {n} 条', andMore: '另有 {n} 条', history: '经过', historyFailed: '经过暂时读不到',
    ack: '确认', note: '备注', notePlaceholder: '写下所见、所做;Ctrl+Enter 保存', saveNote: '保存备注', clear: '人工恢复', clearedByHand: '人工恢复',
    ackedAt: '{who} 于 {at} 确认', ackedBy: '{who} 已确认', lookOnly: '当前角色只能查看', stale: '网关离线,情况不明',
    state: { raised: '待确认', acked: '已确认', cleared: '已恢复,待确认', closed: '已关闭' },
  },
  act: { raise: '发生', ack: '确认', clear: '恢复', assign: '指派', note: '备注', moment: '发生', escalate: '升级', notify: '通知' },
  trend: { failed: '趋势暂时读不到' },
  status: {
    title: '状态', live: '连接正常', connecting: '正在连接', lost: '连接中断 {age}', lag: '中心滞后 {s} 秒', lagUnknown: '中心滞后未知',
    agents: '网关 {on}/{total}', agentsAway: '{n} 个网关失联:{names}', muted: '屏蔽 {n}', soundOn: '声音开', soundOff: '声音已关',
    soundBlocked: '点按页面后才有声音', sounding: '正在鸣响,消音', sure: '确认至 {at}', neverSure: '尚未确认', clockOff: '本机时钟偏差 {s}',
  },
  lost: { title: '与中心的连接已中断', since: '以下为 {at} 的情况,已过 {age}', trying: '正在自动重连,恢复后自动补齐', loading: '正在重新读取全部数据' },
  help: {
    title: '按键与图例', sign: '?', close: '关闭', move: '上下移动', ack: '确认所选告警', open: '打开详情', note: '写备注', silence: '消音(不等于确认)',
    settle: '把新告警排入列表', fold: '收起、展开被覆盖的告警', help: '本说明', space: '空格', signs: '图例', fire: '消防一律红色,形状表示级别',
    pulse: '缓慢闪动:还没有人确认', hollow: '空心:已恢复', dashed: '虚线:所属网关失联,情况不明', stale: '空心数值:已过时,旁边是读数的时间',
  },
  entrance: {
    signIn: '登录', firstRun: '首次使用', firstRunWhy: '还没有任何用户。请用中心启动时给出的令牌建立第一个管理员。', token: '首次令牌',
    tokenHint: '见中心的启动输出或令牌文件', name: '用户名', password: '密码', passwordHint: '至少 12 个字符', again: '再次输入密码',
    create: '建立管理员', different: '两次输入的密码不一致', asking: '正在询问中心',
  },
  problem: { unreachable: '中心没有应答,请稍后再试', page: '页面没有载入,请检查与中心的连接' },
};
