"""The code of an old program, as docs/migration.md tells of it: invented, and never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CONFIG = """\
# -*- coding: utf-8 -*-
# 配置

# 北京 8 月
PERFORMANCE_DATA_FILENAME_BJ_AUG = 'state/PerformanceData-BJ-Aug.csv'
STATUS_FILENAME_BJ_AUG = 'state/send_status_bj_aug.json'

# 上海 8 月
PERFORMANCE_DATA_FILENAME_SH_AUG = 'state/PerformanceData-SH-Aug.csv'
STATUS_FILENAME_SH_AUG = 'state/' + 'send_status_sh_aug.json'  # 上海

STATUS_FILENAME_TS = './state/technician_status_record.json'
WECOM_GROUP_NAME_BJ = '北京签约喜报群'
"""

FILE_UTILS = """\
import csv
import json
import os


def load_send_status(filename):
    if not os.path.exists(filename):
        return {}
    with open(filename, 'r', encoding='utf-8') as file:
        return json.load(file)


def save_send_status(filename, status):
    with open(filename, 'w', encoding='utf-8') as file:
        json.dump(status, file, ensure_ascii=False, indent=4)


def update_send_status(filename, _id, status):
    send_status = load_send_status(filename)
    send_status[_id] = status
    save_send_status(filename, send_status)


def get_all_records_from_csv(filename):
    with open(filename, 'r', encoding='utf-8-sig') as file:
        return list(csv.DictReader(file))


def write_performance_data_to_csv(filename, rows, fields):
    with open(filename, 'w', encoding='utf-8-sig', newline='') as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)
"""

NOTIFICATION = """\
import logging

from modules.config import *
from modules.file_utils import load_send_status, update_send_status, get_all_records_from_csv, \\
    write_performance_data_to_csv
from task_manager import create_task


def notify_awards_jun_beijing(performance_data_filename, status_filename):
    \"\"\"通知奖励: status_filename 是发送状态。\"\"\"
    records = get_all_records_from_csv(performance_data_filename)
    send_status = load_send_status(status_filename)
    updated = False

    for record in records:
        contract_id = record['合同ID(_id)']

        # 只通知一次
        if record['是否发送通知'] == 'N' and send_status.get(contract_id) != '发送成功':
            message = f"签约 {record['合同编号(contractdocNum)']}"
            create_task('send_wecom_message', WECOM_GROUP_NAME_BJ, message)
            if record['激活奖励状态'] == '1':
                create_task('send_wechat_message', record['管家(serviceHousekeeper)'], message)

            update_send_status(status_filename, contract_id, '发送成功')

            record['是否发送通知'] = 'Y'
            updated = True
            logging.info(f"Notification sent for contract INFO: {contract_id}")

    if updated:
        write_performance_data_to_csv(performance_data_filename, records, list(records[0].keys()))


def notify_technician_status_changes(status_changes, status_filename):
    send_status = load_send_status(status_filename)
    for change in status_changes:
        change_id = change[0]
        if change_id not in send_status:
            create_task('send_wechat_message', change[3], f"{change[2]} {change[5][0]}")
            update_send_status(status_filename, change_id, '通知成功')
"""

JOBS = """\
from modules.config import *
from modules.notification_module import notify_awards_jun_beijing, notify_technician_status_changes


def signing_and_sales_incentive_aug_beijing():
    notify_awards_jun_beijing(PERFORMANCE_DATA_FILENAME_BJ_AUG, STATUS_FILENAME_BJ_AUG)


def signing_and_sales_incentive_aug_shanghai():
    notify_awards_jun_beijing(
        PERFORMANCE_DATA_FILENAME_SH_AUG,
        STATUS_FILENAME_SH_AUG,
    )


def check_technician_status():
    status_changes = []
    if status_changes:
        notify_technician_status_changes(status_changes, STATUS_FILENAME_TS)
"""

TASK_MANAGER = """\
import sqlite3


def create_task(task_type, recipient, message):
    conn = sqlite3.connect('tasks.db')
    conn.execute('INSERT INTO tasks (task_type, recipient, message) VALUES (?, ?, ?)', (task_type, recipient, message))
    conn.commit()
    conn.close()


def get_pending_tasks():
    conn = sqlite3.connect('tasks.db')
    rows = conn.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
    conn.close()
    return [(row[1], row[2], row[3]) for row in rows]
"""

FILES = {
    "modules/__init__.py": "",
    "modules/config.py": CONFIG,
    "modules/file_utils.py": FILE_UTILS,
    "modules/notification_module.py": NOTIFICATION,
    "jobs.py": JOBS,
    "task_manager.py": TASK_MANAGER,
}


def write_legacy_code(folder: Path, changes: Mapping[str, str | bytes] | None = None) -> Path:
    """Write the program's files; `changes` are files besides, or instead."""
    for name, text in {**FILES, **(changes or {})}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
