// 写值命令用语。
export const ordersZh = {
  title: '写值命令', order: '命令', acts: '{at} 前无人确认,规则将下令:{what}设为 {value}(须允许写值)', actsAnyway: '到 {at} 仍未恢复,规则将下令:{what}设为 {value}(须允许写值)', number: 'O-{n}', what: '写什么', change: '原值 → 下达值', who: '谁', why: '原因', next: '接下来', alert: '告警', hold: '保持', holding: '保持中', probe: '探测', reference: '参考画面', way: '执行过程', back: '返回列表', none: '没有命令', leave: '放弃',
  state: { queued: '排队', sent: '已发出', taken: '网关已接收', verified: '已核实', done: '完成', failed: '失败', expired: '已过期', cancelled: '已取消', released: '已释放' },
  group: { open: '进行中', failed: '失败、过期', verified: '已核实', released: '已释放', cancelled: '已取消' }, from: { all: '全部', person: '人工', rule: '规则' },
  readBack: '回读 {value}', byRule: '规则:{rule}', heldFor: '还保持 {left}', expiresIn: '{left}后过期', assumed: '网关没有回话,由中心推定', cancelledBy: '取消人',
  at: { created: '下达', sent: '发出', taken: '接收', verified: '核实', ended: '结束', expires: '有效至', until: '保持至' },
  cancel: '取消命令', giveBack: '交还原值', cancelDo: '确认取消',
  code: {
    'disabled': '未启用写值', 'read-only': '设备型号只读', 'not-listed': '该点不在可写清单', 'never': '消防泵与 DL/T 645 电表禁止写值', 'frozen': '已冻结', 'range': '超出允许范围', 'mode': '当前模式不允许', 'asked-back': '要求收回', 'crossed': '下限将高于上限', 'stale': '没有新鲜读数', 'reserved': '设备已被另一条命令占用', 'too-many': '超过当日次数',
    'no-answer': '设备无应答', 'refused': '设备拒绝', 'garbled': '应答无法解码', 'not-verified': '回读值不符', 'not-kept': '网关磁盘无法记录', 'not-released': '未能交还原值', 'interrupted': '执行中断', 'clock': '网关时钟不可信', 'expired': '已过期', 'cancelled': '已取消', 'no-word': '网关没有回话', 'agent-unknown': '未知网关', 'unknown-kind': '网关不认识此类命令', 'already': '原来就是此值,没有写', 'over': '保持时间到', 'hub-silent': '与中心失联,已交还', 'left-alone': '现场已改动,未交还',
  },
  everything: '全部', freezeTitle: '写值总开关', allowed: '写值:允许', allowedNote: '有权限的人和已启用的规则可以下达命令', off: '写值:未启用', offNote: '中心设置 orders.enabled 未打开(默认),不会向设备写任何值', frozenAll: '写值:已全部冻结', frozenBy: '{who} 于 {at} 冻结:{why}',
  freeze: '冻结', freezeAll: '冻结全部写值', freezeDo: '确认冻结', freezeNote: '立即生效:排队的命令取消,新命令拒绝;已写入的值不变', thaw: '解除冻结', thawDo: '确认解除', agents: '各网关({on}/{n} 启用写值)',
  agent: { unknown: '还没有说明', enabled: '已启用写值', disabled: '未启用写值(edge.yaml)', frozenHere: '网关本地冻结', pending: '尚未收到最新的冻结或解除' },
  needsEngineer: '需要工程师角色才能下达命令', nothingWritable: '此设备没有可写的点', open: '下令调整', close: '收起',
  form: {
    value: '下达值', between: '{low} 至 {high}', now: '现在', onlyModes: '仅在以下模式可写:{modes}', noHold: '不保持,写一次', expires: '命令有效', whyNeeded: '为什么下达,必填', do: '下达命令', made: '已下达', noValue: '还没有有效的下达值', willWrite: '将写入:{what} {before} → {after},写后回读核实',
    willExpire: '{s}内未执行即过期,不再执行', willHold: '核实后保持 {s},到时交还原值', staysThere: '写入后不再干预,可被现场改动', today: '此设备今日已下达 {n} 条', todayLeft: '此设备今日已下达 {n} 条,还可下达 {left} 条',
  },
};
