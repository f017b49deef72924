# -*- coding: utf-8 -*-
# 销售激励通知 主程序
# 用法: python main.py            一直跑, 每 3 分钟一轮
#       python main.py --once bj  跑一轮, 发完待发消息后退出; 任务: bj sh ts
import sys
import threading
import time

import task_scheduler
from modules.config import *
from modules.file_utils import append_new_contracts
from modules.notification_module import *


def job_bj():
    append_new_contracts(API_BJ_AUG, CONTRACTS_BJ_AUG)
    notify_awards_aug_beijing(CONTRACTS_BJ_AUG, STATUS_FILENAME_BJ_AUG)


def job_sh():
    append_new_contracts(API_SH_AUG, CONTRACTS_SH_AUG)
    notify_awards_aug_shanghai(CONTRACTS_SH_AUG, STATUS_FILENAME_SH_AUG)


def job_ts():
    notify_technician_status_changes(get_changes(API_TS), STATUS_FILENAME_TS)


JOBS = {"bj": job_bj, "sh": job_sh, "ts": job_ts}


def run_jobs(names):
    for name in names:
        try:
            JOBS[name]()
        except Exception as e:
            # 一个任务出错不能影响其他任务
            print("任务出错 %s: %s" % (name, e))


if __name__ == "__main__":
    names = [a for a in sys.argv[1:] if a in JOBS] or list(JOBS)
    if "--once" in sys.argv:
        run_jobs(names)
        task_scheduler.check_tasks()
        print("完成")
    else:
        threading.Thread(target=task_scheduler.start, daemon=True).start()
        while True:
            run_jobs(names)
            time.sleep(180)
