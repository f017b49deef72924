import logging
import time

from modules.config import PAUSE
from modules.message_sender import send_wechat_message, send_wecom_message
from task_manager import get_pending_tasks, update_task


def execute_task(task):
    task_id = task[0]
    logging.info(f'Executing task ID: {task_id}, type: {task[1]}, recipient: {task[2]}')
    try:
        if task[1] == 'send_wecom_message':
            send_wecom_message(task[2], task[3])
        elif task[1] == 'send_wechat_message':
            send_wechat_message(task[2], task[3])
        # 未知类型也算完成, 不然会一直重试
        update_task(task_id, 'completed')
        logging.info(f'Task ID: {task_id} completed successfully')
    except Exception as e:
        logging.error(f'Error executing task ID {task_id}: {e}')


def check_tasks():
    for task in get_pending_tasks():
        execute_task(task)


def start():
    print('任务调度器启动')
    while True:
        check_tasks()
        time.sleep(10 * PAUSE if PAUSE else 0.02)
