// 探测设备用语。
export const probeZh = {
  title: '探测设备', open: '探测', way: { look: '看设备说什么', check: '核对型号资料' }, note: { look: '只读:读出这些寄存器,按字序和比例列出可能的含义,合理的打钩', check: '只读:按一份型号资料读一遍,逐点判断对不对' },
  field: { link: '链路', unit: '站号', table: '寄存器区', ranges: '地址范围(从 0 起)', looks: '读几遍', wait_s: '间隔', profile: '型号资料', index: '序号', parameters: '参数', why: '原因' }, table: { holding: '保持寄存器', input: '输入寄存器', coil: '线圈', discrete: '离散输入' },
  whyNeeded: '为什么探测,必填', rangesWrong: '写成 0-99, 0x2000-0x2047,合计不超过 500 个', do: { look: '开始探测', check: '开始核对' }, needsEngineer: '需要工程师角色才能探测', noLinks: '没有 Modbus 链路', earlier: '以前的探测', unit: '站号 {n}', result: '看结果',
  address: '地址', registers: '寄存器', form: '类型、字序、比例', couldBe: '最可能', others: '其他可能', unclear: '看不出', plausible: '合理', moved: '第一遍 {first}', took: '{n} 次请求,{s} 秒,读 {looks} 遍', read: '已读:{ranges}', readNothing: '什么都没有读到', refused: '{range}:{why}', zeros: '全为 0:{ranges}', ones: '全为 ffff,没有内容:{ranges}', swapped: '或字节对调:', truncated: '结果太多,已截断,请缩小范围', nothing: '没有内容',
  draft: '下载型号资料初稿', draftNote: '由合理的含义写成,请对照说明书修改后使用', draftShow: '看初稿', noDraft: '没有足够清楚的内容可写成初稿',
  why: { illegal_address: '地址不存在', illegal_function: '不支持此功能', illegal_value: '不接受此数量', device_failure: '设备故障', busy: '设备忙', no_answer: '无应答', not_asked: '没有再问', garbled: '乱码', gateway_no_path: '网关找不到站号', gateway_no_answer: '网关下的设备无应答' },
  meaning: { voltage: '电压', line_voltage: '线电压', frequency: '频率', power_factor: '功率因数', temperature: '温度', counter: '累计量', text: '文字' },
  verdictTitle: '判断', verdict: { good: '对', doubtful: '存疑', implausible: '不合理', no_value: '设备无值', garbled: '无法解码', refused: '被拒绝', no_answer: '无应答' }, sum: { good: '对 {n}', wrong: '错 {n}', open: '待定 {n}' }, checked: '{profile},站号 {unit},{n} 次请求,{s} 秒',
};
