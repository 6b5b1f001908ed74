"""Words that open doors everywhere: tried first by everybody who has no password. Compared without case.

Only the ones that a length rule does not catch already, and the words that a campus or its makers invite.
"""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
password passw0rd p@ssw0rd p@ssword pa55word passwort motdepasse contrasena senha parola password1
password12 password123 password1234 password! passw0rd123 mypassword newpassword administrator admin
admin123 admin1234 admin12345 admin123456 adminadmin adminpassword rootroot root123456 toor superuser
superadmin sysadmin systemadmin supervisor operator operator123 engineer engineer123 viewer guestguest
guest12345 testtest test123456 testpassword usernamepassword user123456 default defaultpassword changeme
changeme123 changeit changethis letmein letmein123 letmeinnow welcome welcome1 welcome123 welcome2024
welcome2025 welcome2026 hello123456 helloworld iloveyou iloveyou1 iloveyou123 woaini woaini520 woaini1314
woaini123 woaini5201314 qwerty qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyuiop qwertyuiop123
qwer1234 asdfghjkl asdfghjkl123 asdf1234567 zxcvbnm zxcvbnm123 zxcvbnm1234 1qaz2wsx 1qaz2wsx3edc 1q2w3e4r
1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedc qazwsx123 zaq12wsx zaq1xsw2 zaq1zaq1 1234qwer
123qweasd 123qweasdzxc qweasdzxc qweasdzxc123 aaaa1111 aa123456 aa123456789 a123456789 abc123456 abc1234567
abcd123456 abcd1234 abcdefg123 123456789a 1234567890a 12345678900 123123123 1231231234 123321123321
1122334455 112233445566 11223344556677 1233211234567 147258369 1472583690 159357456 159753456 5201314520
5201314521 13145201314 0123456789 9876543210 98765432100 1111111111 8888888888 6666666666 1234512345
123454321 12344321 sunshine sunshine1 princess princess1 football football1 baseball basketball superman
superman1 batman123 dragon123 monkey123 shadow123 master123 michael123 jennifer1 charlie123 liverpool
liverpool1 chelsea123 arsenal123 starwars starwars1 pokemon123 minecraft minecraft1 trustno1 trustno1234
whatever whatever1 computer computer1 internet internet1 freedom123 secret123 secretsecret topsecret
opensesame access123 accessgranted security security1 security123 securitycamera cctv123456 camera1234
camera12345 hikvision hikvision1 hikvision123 hik12345 hik123456 hik12345678 dahua12345 dahuatech
dahua123456 uniview123 anhui12345 huawei123 huawei@123 huawei12#$ admin@huawei admin@123 admin@1234
admin@12345 admin@123456 zte123456 tplink123 tp-link123 ubnt123456 raspberry raspberrypi raspberry123
mosquitto mosquitto1 influxdb influxdb123 postgres postgres1 postgres123 mysql12345 grafana123 prometheus
kubernetes docker1234 ubuntu1234 debian1234 centos1234 vagrant123 campus campus123 campus1234 campuswatch
campuswatch1 campuswatch123 watchcampus yuanqu yuanquweishi yuanqu123456 zhongkong zhongkong123 kongzhishi
zhihuizhongxin xiaofang119 xiaofang123 baoan123456 zhiban123456 zhibanshi ningbo123 ningbo1234 jiangbei
jiangbei123 jiguan1234 shiwuju123 jiguanshiwu china12345 zhongguo123 beijing2008 shanghai123 hangzhou123
zhejiang123 nihao12345 nihaonihao wodemima mima123456 mimamima guanliyuan guanliyuan123 woshiguanliyuan
caozuoyuan fuwuqi123 yonghu1234 ceshi12345 ceshi123456 taobao1234 weixin1234 dingding123 firepump123
firealarm firealarm1 controlroom controlroom1 dutyroom123 gatekeeper summer2024 summer2025 summer2026
winter2024 winter2025 winter2026 spring2025 spring2026 autumn2025 autumn2026 january2026 monday1234
friday1234 correcthorsebatterystaple thisisapassword thisismypassword notapassword nopassword nopassword1
temppassword temp123456
"""
GUESSABLE: Final = frozenset(_WORDS.split())
