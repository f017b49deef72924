import time

from modules.message_sender import send_wechat_message, send_wecom_message
from task_manager import get_pending_tasks, update_task


def execute_task(task):
    try:
        if task[1] == "send_wecom_message":
            send_wecom_message(task[2], task[3])
        elif task[1] == "send_wechat_message":
            send_wechat_message(task[2], task[3])
        update_task(task[0], "completed")
        print("已发送 %s -> %s" % (task[0], task[2]))
    except Exception as e:
        print("发送失败 %s: %s" % (task[0], e))


def check_tasks():
    for task in get_pending_tasks():
        execute_task(task)


def start():
    while True:
        check_tasks()
        time.sleep(10)
