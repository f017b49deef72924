# 桌面自动化: 打开窗口, 粘贴, 回车. 没有任何返回值, 不知道到底发出去没有
import json
import os
import time
import urllib.request

from modules.config import DESKTOP, DESKTOP_FAIL, PAUSE


def _failures():
    if not os.path.exists(DESKTOP_FAIL):
        return []
    with open(DESKTOP_FAIL, encoding='utf-8') as f:
        return [line.strip() for line in f if line.strip()]


def _type(kind, name, message):
    time.sleep(2 * PAUSE)   # 等窗口
    words = _failures()
    for word in words:
        if not word.startswith('+') and (word in name or word in message):
            raise RuntimeError('找不到窗口: ' + name)
    line = json.dumps({'kind': kind, 'to': name, 'text': message}, ensure_ascii=False)
    if DESKTOP.startswith('http'):
        request = urllib.request.Request(DESKTOP, line.encode('utf-8'), {'Content-Type': 'application/json'})
        urllib.request.urlopen(request, timeout=10).close()
    else:
        fd = os.open(DESKTOP, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(fd, (line + '\n').encode('utf-8'))
        os.close(fd)
    time.sleep(2 * PAUSE)   # 等发送完
    for word in words:
        if word.startswith('+') and (word[1:] in name or word[1:] in message):
            raise RuntimeError('发送后窗口失去响应: ' + name)


def send_wecom_message(user, message):
    _type('wecom', user, message)


def send_wechat_message(user, message):
    _type('wechat', user, message)
