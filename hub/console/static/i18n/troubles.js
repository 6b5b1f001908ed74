// What gateways say of a link that is in trouble: they say it in English; what they say often is put into Chinese here.
import { say } from './words.js';

const CHINESE = [
  [/^status (\d+)$/, '对方回应状态码 $1'],
  [/^status (\d+), no session left at the host$/, '对方回应状态码 $1,会话已用完'],
  [/^status (\d+), the host does not offer this transport$/, '对方回应状态码 $1,不支持此传输方式'],
  [/^the host does not accept our account$/, '对方不接受账号'],
  [/^the host wants an account, and its link has none$/, '对方要求登录,链路没有配账号'],
  [/^the host does not answer$/, '主机无应答'],
  [/^the host refuses the stream$/, '主机拒绝提供码流'],
  [/^the host hung up\b.*$/, '主机挂断了连接'],
  [/^nothing listens at that port$/, '该端口没有服务'],
  [/^its name cannot be looked up$/, '主机名无法解析'],
  [/^the stream has ended$/, '码流中断'],
  [/^a stream without pictures$/, '码流中没有画面'],
  [/^a redirect to another place$/, '被转到别处'],
  [/^(\S+) does not answer within ([\d.]+) s$/, '$1 在 $2 秒内无应答'],
  [/^it has not called port (\d+)$/, '还没有呼入端口 $1'],
  [/^(\S+): (?:\[Errno 111\] )?(?:Connection refused|Connect call failed .*)$/, '$1 拒绝连接'],
  [/^(\S+): (?:No route to host|Network is unreachable|Host is unreachable)$/, '$1 无法到达'],
  [/^(\S+): .*No such file or directory.*$/, '$1 不存在'],
  [/^(\S+): .*Permission denied.*$/, '$1 无权限打开'],
  [/^connection lost\b.*$/, '连接中断'],
  [/^closed by the (?:device|other end)$/, '被对方关闭'],
  [/^nobody answered$/, '无设备应答'],
  [/^it sends nothing but nonsense$/, '对方只发来乱码'],
];

/** The same in the language of the screen; null where there are no words for it but the gateway's own. */
export function troubleWords(text) {
  const found = CHINESE.find(([form]) => form.test(text));
  return found ? say({ zh: text.replace(...found), en: text }) : null;
}
