// 道路摄像机标定的文字;与 calibrate-en.js 的键相同。
export const calibrateZh = {
  title: '道路摄像机标定', note: '使用摄像机的最新画面,或选一张静态画面,依次点选路面矩形的四个角,填写丈量的米数。画面文件只在本机浏览器中打开。路段以 15 米以上为好。', camera: '摄像机', newest: '使用摄像机最新画面', noPicture: '网关目前没有此摄像机的画面', takenAt: '画面时间 {at}', moved: '于 {at} 发现位置变化:重新标定之前,其测速不作数', still: '画面文件', stillOf: '标定画面', side: { left: '左边长(米)', right: '右边长(米)', near: '近边宽(米)', far: '远边宽(米)' },
  check: '校核距离(米)', click: { nearLeft: '请点选近左角', nearRight: '请点选近右角', farRight: '请点选远右角', farLeft: '请点选远左角', check: '如有另一段丈量过的距离,请点选其两端作校核' }, radar: '雷达', from: '自左(米)', to: '至(米)', approaching: '雷达驶近方向', comesNear: '驶近=朝画面近端', goesFar: '驶近=朝画面远端', addLane: '增加车道', again: '重新点选', try: '试算', needsEngineer: '标定需要工程师角色',
  residual: '四边残差', checkOff: '校核偏差', speedError: '车速误差', grid: '网格间距', write: '写入站点文件', inForce: '{camera}:路段 {length} 米,残差 {residual} 厘米,车速误差 {error}%',
};
