# 桌面自动化: 打开窗口, 粘贴, 回车. 不返回任何东西
import json
import urllib.request

from modules.config import DESKTOP


def _type(name, message):
    with open(DESKTOP, encoding="utf-8") as file:
        address = file.read().strip()
    body = json.dumps({"to": name, "text": message}, ensure_ascii=False).encode("utf-8")
    urllib.request.urlopen(address, body, timeout=10).close()


def send_wecom_message(user, message):
    _type(user, message)


def send_wechat_message(user, message):
    _type(user, message)
