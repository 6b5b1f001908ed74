// 证据影像的文字;与 footage-en.js 的键相同。
export const footageZh = {
  show: '调取视频和照片', fetching: '正在从网关调取', hidden: '值班员可调取视频和照片', none: '网关没有保存此车的影像', clip: '视频', clean: '照片 {n} 原图', facts: '照片 {n} 标注', take: '下载',
};
