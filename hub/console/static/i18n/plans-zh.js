// 平面图的用语。
export const plansZh = {
  elevation: '立面', map: '总图', onPlan: '在平面图上查看', whole: '全图', nearer: '放大', further: '缩小', noDrawing: '平面图未能加载', keys: '平面图:方向键移动,加减号缩放,0 显示全图',
  state: { normal: '正常', offline: '离线', unknown: '尚无数据' }, unplaced: '{n} 个设备尚未标在平面图上', place: '标注点位', how: '拖动图标,或先选择未标注的设备,再点击其所在位置。此处不会改动系统。', press: '请点击其所在位置', heading: '朝向(度,0 为图上方)', angle: '视角(度)',
  intoTable: '写入站点文件旁的 {table}:替换同一设备的行,没有则添加,然后重启系统', intoFile: '写入站点文件的 positions 部分:替换同一设备的行,没有则添加,然后重启系统', forget: '全部撤销', copy: '复制', copied: '已复制', download: '下载',
};
