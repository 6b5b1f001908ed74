// 控制室用语。每个键在 en.js 里都有对应。
import { camerasZh } from './cameras-zh.js';
import { ordersZh } from './orders-zh.js';
import { calibrateZh } from './calibrate-zh.js';
import { footageZh } from './footage-zh.js';
import { plansZh } from './plans-zh.js';
import { probeZh } from './probe-zh.js';
import { rulesZh } from './rules-zh.js';
import { visionZh } from './vision-zh.js';

export const zh = {
  camera: camerasZh,
  orders: ordersZh,
  plans: plansZh,
  probe: probeZh,
  footage: footageZh,
  calibrate: calibrateZh,
  rules: rulesZh,
  vision: visionZh,
  product: '园区卫士',
  nav: {
    pages: '页面', board: '告警', campus: '园区', trends: '趋势', speed: '车速', cooling: '空调', cameras: '视频', rules: '规则', orders: '写值', gateways: '网关',
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
    evidence: '依据', limit: '限值 {limit}', limitShort: '限 {limit}', openTrend: '打开趋势', plate: '车牌', showPlate: '查看车牌', plateSure: '置信度 {sure}', plateHidden: '有车牌,值班员可查看', advice: '先做什么', people: '责任', owner: '责任单位', assignee: '处理人',
    nobody: '未指派', me: '由我处理', covers: '被它覆盖的 {n} 条', andMore: '另有 {n} 条', history: '经过', historyFailed: '经过暂时读不到',
    ack: '确认', note: '备注', notePlaceholder: '写下所见、所做;Ctrl+Enter 保存', saveNote: '保存备注', clear: '人工恢复', clearedByHand: '人工恢复', reset: '复位',
    ackedAt: '{who} 于 {at} 确认', ackedBy: '{who} 已确认', lookOnly: '当前角色只能查看', stale: '网关离线,情况不明',
    state: { raised: '待确认', acked: '已确认', cleared: '已恢复,待确认', latched: '已恢复,待复位', closed: '已关闭' },
    short: { raised: '待确认', acked: '已确认', cleared: '已恢复', latched: '待复位', closed: '已关闭', stale: '不明' },
  },
  act: { raise: '发生', change: '级别变化', reset: '复位', ack: '确认', clear: '恢复', assign: '指派', note: '备注', moment: '发生', escalate: '升级', notify: '通知' },
  trend: { failed: '趋势暂时读不到' },
  status: {
    title: '状态', live: '连接正常', connecting: '正在连接', lost: '连接中断 {age}', lag: '中心滞后 {s} 秒', lagUnknown: '中心滞后未知',
    agents: '网关 {on}/{total}', agentsAway: '{n} 个网关失联:{names}', muted: '屏蔽 {n}', frozen: '写值已冻结({what}):{who} 自 {at}', soundOn: '声音开', soundOff: '声音已关',
    soundBlocked: '点按页面后才有声音', sounding: '正在鸣响,消音', sure: '确认至 {at}', neverSure: '尚未确认', broken: '页面有一部分出错,点此重新载入', clockOff: '本机时钟偏差 {s}',
  },
  lost: { title: '与中心的连接已中断', since: '以下为 {at} 的情况,已过 {age}', trying: '正在自动重连,恢复后自动补齐', loading: '正在重新读取全部数据' },
  help: {
    title: '按键与图例', sign: '?', close: '关闭', move: '上下移动', ack: '确认所选告警', open: '打开详情', note: '写备注', silence: '消音(不等于确认)',
    settle: '把新告警排入列表', fold: '收起、展开被覆盖的告警', help: '本说明', order: '下令调整所选告警的设备', space: '空格', signs: '图例', fire: '消防一律红色,形状表示级别',
    pulse: '缓慢闪动:还没有人确认', hollow: '空心:已恢复', dashed: '虚线:所属网关失联,情况不明', stale: '空心数值:已过时,旁边是读数的时间',
  },
  entrance: {
    signIn: '登录', firstRun: '首次使用', firstRunWhy: '还没有任何用户。请用中心启动时给出的令牌建立第一个管理员。', token: '首次令牌',
    tokenHint: '见中心的启动输出或令牌文件', name: '用户名', password: '密码', passwordHint: '至少 12 个字符', again: '再次输入密码',
    create: '建立管理员', different: '两次输入的密码不一致', asking: '正在询问中心',
  },
  problem: { unreachable: '中心没有应答,请稍后再试', page: '页面没有载入,请检查与中心的连接' },
  grade: { A: 'A 多个来源', B: 'B 一个来源', C: 'C 资料不全', own: '自有定义' },
  page: { asOf: '截至 {at}', loading: '正在读取', again: '再试' },
  table: { rows: '{n} 行', csv: 'CSV', xlsx: 'XLSX', empty: '没有内容', asTable: '看表格', asChart: '看图' },
  range: { last: '最近', from: '起', to: '止', until: '至', wrong: '写成 2026-11-22 14:05,且止晚于起', l1h: '1 小时', l8h: '8 小时', l24h: '24 小时', l7d: '7 天', l30d: '30 天' },
  quality: { noAnswer: '无应答', deviceError: '设备报错', sentinel: '设备无值', implausible: '超出可能范围', garbled: '无法解码' },
  kind: { ac: '空调', camera: '摄像机', meter: '电表', pump: '消防泵', pressure: '压力', radar: '测速雷达', plate: '车牌摄像机', door: '门禁', gateway: '网关' },
  areaKind: {
    office: '办公室', meeting: '会议室', canteen: '餐厅', kitchen: '厨房', lobby: '大厅', corridor: '走廊', parking: '停车场', road: '道路', gate: '大门', outdoors: '室外',
    pump_room: '泵房', plant_room: '设备间', server_room: '机房', duty_room: '值班室', clinic: '医务室', archive: '档案室',
  },
  campus: {
    search: '查找楼、房间、设备、部门( / )', found: '{n} 台', elevation: '{floors} 层,{rooms} 间', floor: '{n} 层', floorTitle: '楼层', silent: '{n} 台无读数', allHeard: '读数及时',
    openAlerts: '未关闭告警', noAlerts: '没有', kind: '用途', size: '面积', m2: '{n} m²', department: '部门', people: ',{n} 人', zone: '责任区', devices: '设备', unknown: '登记表里没有这个地方',
  },
  device: {
    gateway: '网关', id: '编号', state: '状态', read: '读数时间', about: '设备', profile: '型号', grade: '资料等级', poll: '轮询周期', speaks: '有事才报', staleAfter: '超过即过时', linkState: '链路状况',
    linkFigures: '{devices} 台中 {silent} 台无应答,周期 {period} 秒', point: '点', now: '现在', limit: '限值', lastHour: '近 1 小时', between: '{low} 至 {high}', trend: '趋势', alerts: '本设备告警', unknown: '没有 {id} 这台设备',
  },
  evidence: {
    peak_kmh: '最高车速', median_kmh: '中位车速', readings: '读数个数', duration_s: '持续时间', confidence: '可信度', true_min_kmh: '真实车速下限', true_max_kmh: '真实车速上限', angle_deg: '修正角度', vehicle_class: '车辆类型',
    plate_sure: '车牌置信度', plates_near: '附近车牌数', check: '视频核对', vision_kmh: '视频测速', vision_error_kmh: '视频测速误差(95%)', cameras: '摄像机', cameras_good: '其中完好', cameras_unknown: '其中未知',
  },
  trends: {
    title: '曲线', search: '查找点:设备、房间、点名', nothing: '没有找到', choose: '在右边查找并选择要看的点', drop: '去掉', dropSign: '×', step: '步长', step0: '自动', step60: '1 分钟', step300: '5 分钟', step900: '15 分钟',
    step3600: '1 小时', step86400: '1 天', way: '取值', mean: '平均', min: '最小', max: '最大', last: '最后', time: '时间', stepIs: '每点 {s} 秒', low: '最低', high: '最高', missing: '空步数',
  },
  speed: {
    title: '车速', allRadars: '全部雷达', passes: '过车数', limit: '限速', p85: 'P85', p85Note: '85% 的车不超过', mean: '平均', median: '中位 {v}', over: '超速比例', overNote: '高于限速的过车', max: '最高',
    pace: '主流车速', paceNote: '{share} 的车在此区间', tooFew: '不足 {n} 辆,P85 不作数', distribution: '车速分布', limitAt: '限速 {v}', p85At: 'P85 {v}', band: '{low}–{high} km/h', bandTitle: '车速段', byHour: '按小时', byDay: '按天',
    within: '未超速', overCount: '超速', worst: '最高车速', value: '车速', above: '超出', when: '时间', where: '地点', none: '这段时间没有过车记录',
    p15: 'P15', p50: 'P50', std: '标准差', p15Note: 'P15 {v}', coverage: '数据覆盖', heardNote: '网关有数据的时间', lane: '车道', lanes: '按车道', hourLane: '各车道分时 P85(km/h)', approaching: '驶近', receding: '驶离',
    coverageNote: '不足最少样本的车道不显示百分位',
  },
  cooling: {
    title: '空调温度标准', show: '显示', show_outside: '超标', show_running: '运行中', show_exempt: '豁免', show_unknown: '未知', show_all: '全部', room: '房间', building: '楼', mode: '模式', off: '关机', setpoint: '设定', standard: '标准',
    atLeast: '不低于 {c} ℃', atMost: '不高于 {c} ℃', roomTemperature: '室温', excess: '偏离 ℃', lasting: '已持续', note: '说明', exempt: '豁免:{why}', alert: '看告警', outsideOf: '/ {n} 超标', outside: '超标', inside: '运行,达标', resting: '关机', unknown: '未知',
    noneOutside: '现在没有超标的房间',
  },
  gateway: {
    title: '网关', online: '在线', offline: '离线', never: '从未连接', sinceWhen: ',自 {at}', unheard: '已 {age}没有消息', droppedSome: '丢弃了数据:{what}', digestDiffers: '现场文件与中心不一致', clockOff: '时钟偏差 {s} 秒', rival: '{at} 有同名网关接入,已拒绝', thin: '链路带宽不足,{n} 条数据延后上传', room: '还可存', hours: '{n} 小时', bandwidth: '链路速率', linksSilent: '{n} 条链路有设备无应答', linksDown: '{n} 条链路断开', backlogOf: '积压 {n} 条正在补传',
    seen: '最近消息', version: '版本', digest: '现场文件', same: '一致', differs: '不一致', clock: '时钟偏差', seconds: '{s} 秒', backlog: '积压', waiting: '待发', oldest: '最早一条', bytes: '占用', dropped: '丢弃', rate: '采样', perSecond: '{n}/秒', received: '已收样本', duplicates: '重复',
    hideLinks: '收起链路', showLinks: '全部链路 {n} 条', link: '链路', silentOf: '无应答/设备', period: '周期 秒', reads: '成功', errors: '错误', hubFacts: '中心滞后 {lag} 秒 · 队列 {queue} · 库 {size}',
    quarantine: '隔离的消息', quarantineCount: '共 {n} 条', nothingAside: '没有', others: '登记表以外的账户', when: '时间', reason: '原因', topic: '主题', bytesOf: '大小',
  },
  linkKind: { 'modbus-tcp': 'Modbus TCP', 'modbus-rtu-tcp': 'Modbus RTU over TCP', 'modbus-serial': 'Modbus 串口', 'modbus-dial-in': 'Modbus 反向连接', 'dlt645-tcp': 'DL/T 645 TCP', 'dlt645-serial': 'DL/T 645 串口', mqtt: 'MQTT', http: 'HTTP 取图', rtsp: 'RTSP 视频' },
  linkState: { up: '正常', silent: '无应答', partly: '部分无应答', down: '断开', starting: '启动中', refused: '被拒绝', unknown: '未知' },
  counter: {
    timeouts: '超时', exceptions: '异常码', garbled: '乱码', connect_failures: '连不上', cut_short: '应答不全', overruns: '赶不上周期', faults: '内部错误', host_down: '主机不可达', port_closed: '端口关闭',
    timed_out: '超时', unauthorised: '认证失败', refused: '拒绝', not_a_picture: '非图片', unknown: '未知', alerts: '告警', live: '实时', backlog: '积压', samples: '样本', space: '空间不足', age: '过期', overflow: '超出容量', 'too-old': '过期', corrupt: '损坏',
    wrong_transaction: '事务号不符', wrong_unit: '站号不符', wrong_function: '功能码不符', wrong_length: '长度不符', bad_header: '帧头错误', bad_crc: 'CRC 错误', short_frames: '帧不完整', garbage: '夹杂字节', bad_echo: '回显不符', strangers: '陌生来访', late: '迟到应答', unasked: '未问而答', noisy: '噪声断线', wrong_sum: '校验和错误', wrong_address: '表号不符', wrong_data: '数据标识不符', wrong_control: '控制码不符', wrong_number: '后续帧乱序', echoes: '自身回声', noise: '杂散字节', session_limit: '会话已满', silent: '连上无数据', undecodable: '无法解码', cached: '重复旧图',
  },
  verb: {
    access: { 'refused': '访问被拒' },
    agent: { 'enrol': '网关登记', 'dismiss': '网关注销' },
    session: { 'refused': '登录被拒', 'sign-in': '登录', 'sign-out': '退出' },
    user: { 'create': '新建用户', 'change': '修改用户', 'password': '修改密码' },
    alert: { 'ack': '确认告警', 'assign': '指派告警', 'note': '告警备注', 'clear': '人工恢复告警', 'reset': '告警复位' },
    rules: { 'publish': '规则发布', 'approve': '规则批准', 'withdraw': '规则撤回', 'refused': '规则被拒绝' },
    backtest: { 'asked': '规则回测' },
    order: { 'make': '下达命令', 'cancel': '取消命令' },
    orders: { 'freeze': '冻结写值', 'thaw': '解除冻结' },
    camera: { 'view': '查看摄像机画面' },
    evidence: { 'view': '查看证据', 'export': '导出证据' },
    export: { 'alerts': '导出告警', 'series': '导出数据' },
  },
  admin: { users: '用户', role: '角色', create: '新建用户', on: '启用', off: '停用', audit: '操作记录', actor: '谁', act: '做了什么', object: '对象', text: '内容' },
};
