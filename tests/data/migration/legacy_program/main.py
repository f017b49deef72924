# -*- coding: utf-8 -*-
# 销售激励通知 主程序
# 用法:
#   python main.py                 一直跑 (每 3 分钟一轮)
#   python main.py --once [任务...] 跑一轮, 发完待发消息后退出; 任务: bj sh ts report remind
import logging
import sys
import threading
import time

from modules.config import *
from modules.log_config import setup_logging

setup_logging()   # 一定要在导入 jobs 之前

import task_scheduler
from task_manager import get_pending_tasks
from jobs import *

print('程序启动', sys.argv[1:])

JOBS = {
    'bj': signing_and_sales_incentive_aug_beijing,
    'sh': signing_and_sales_incentive_aug_shanghai,
    'ts': check_technician_status,
    'report': daily_service_report,
    'remind': pending_orders_reminder,
}


def run_jobs(names):
    for name in names:
        try:
            JOBS[name]()
        except Exception as e:
            # 一个任务出错不能影响其他任务
            logging.exception('job %s failed', name)
            print('任务出错', name, repr(e))


def drain():
    # 最多试 CYCLES 次, 发不出去的留给下次
    for i in range(CYCLES):
        task_scheduler.check_tasks()
        if not get_pending_tasks():
            break
        time.sleep(10 * PAUSE)


if __name__ == '__main__':
    names = [a for a in sys.argv[1:] if not a.startswith('-')] or ['bj', 'sh', 'ts', 'report']
    if '--once' in sys.argv:
        run_jobs(names)
        drain()
        print('完成')
    else:
        # 调度器放后台线程
        t = threading.Thread(target=task_scheduler.start)
        t.daemon = True
        t.start()
        while True:
            run_jobs(names)
            time.sleep(180 * PAUSE if PAUSE else 0.05)
