// 视频核对雷达的用语。
export const visionZh = {
  title: '视频核对雷达', checked: '已核对', confirmed: '视频已核实', single_source: '单一来源', conflict: '雷达与视频不符', ratio: '视频/雷达', spread: 'P25–P75', n: '车辆数', says: '提示', angle: '查雷达角度:差 {off}%',
  of: { checked: '有标定摄像机的车道上的通过次数。三项占比以此为分母,没有则为 —。', confirmed: '雷达与视频相差不超过 3 km/h 或 5%,且视频自身误差也在此范围内。', single_source: '视频未测得车速,或差值介于核实与不符之间。', conflict: '两者相差超过 6 km/h 或 10%,且超过视频自身误差。', ratio: '两者都测得的车辆的视频车速与雷达车速之比的中位数,旁列四分位数和车辆数。', angle: '车辆不少于 {n} 辆,中位数偏离 1 超过 3%,且两个四分位数在同一侧:固定的比值说明雷达角度不对。' },
};
