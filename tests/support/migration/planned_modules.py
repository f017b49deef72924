"""What the published upgrade plan makes of the legacy program's modules, by its letter and with its faults.

`functions` has it in functions of the names that the plan gives, `inline` as SQL in the middle of the jobs.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from planned_program import FIRST_STEP
from program_world import ProgramWorld

NOTIFY = """

def notify_awards_aug_beijing(performance_data_filename, status_filename):
    for record in get_all_records_from_csv(performance_data_filename):
        contract_id = record['合同ID(_id)']
        if record['是否发送通知'] == 'N' and not has_pending_task_for_contract(contract_id):
            create_task_with_contract_id('send_wecom_message', WECOM_GROUP_NAME_BJ_AUG, generate_group_message(record),
                                         contract_id, performance_data_filename)
            time.sleep(3 * PAUSE)
            if record['激活奖励状态'] == '1':
                create_task_with_contract_id('send_wechat_message', record['管家(serviceHousekeeper)'],
                                             generate_award_message(record), contract_id, performance_data_filename)
"""

SQL = """
import json
import sqlite3


def {has}(contract_id):
    conn = sqlite3.connect('tasks.db', timeout=30)
    found = conn.execute("SELECT COUNT(*) FROM tasks WHERE status = 'pending' AND metadata LIKE ?",
                         ('%"contract_id": "' + contract_id + '"%',)).fetchone()
    conn.close()
    return found[0] > 0


def {create}(task_type, recipient, message, contract_id, csv_file):
    metadata = {{'contract_id': contract_id, 'csv_file': csv_file, 'created_by': 'contract_notification'}}
    now = datetime.now().strftime('%Y-%m-%d %H:%M:%S')
    conn = sqlite3.connect('tasks.db', timeout=30)
    cursor = conn.execute(
        'INSERT INTO tasks (task_type, recipient, message, created_at, updated_at, metadata) VALUES (?, ?, ?, ?, ?, ?)',
        (task_type, recipient, message, now, now, json.dumps(metadata, ensure_ascii=False)))
    conn.commit()
    conn.close()
    return cursor.lastrowid
"""

FLAGS = """

def update_csv_notification_status(csv_file, contract_id, status):
    records = get_all_records_from_csv(csv_file)
    for record in records:
        if record['合同ID(_id)'] == contract_id:
            record['是否发送通知'] = status
            break
    write_performance_data_to_csv(csv_file, records, list(records[0].keys()))
"""

EXECUTE = """

def execute_task(task):
    import json
    from modules.file_utils import update_csv_notification_status
    try:
        if task[1] == 'send_wecom_message':
            send_wecom_message(task[2], task[3])
        elif task[1] == 'send_wechat_message':
            send_wechat_message(task[2], task[3])
        if task[7]:
            metadata = json.loads(task[7])
            update_csv_notification_status(metadata['csv_file'], metadata['contract_id'], 'Y')
        update_task(task[0], 'completed')
    except Exception:
        update_task(task[0], 'failed')
"""

FUNCTIONS = {"has": "has_pending_task_for_contract", "create": "create_task_with_contract_id"}
IMPORT = f"\nfrom task_manager import {', '.join(FUNCTIONS.values())}\n"

INLINE = SQL.format(has="_waits", create="_make") + NOTIFY.replace(FUNCTIONS["has"], "_waits").replace(
    FUNCTIONS["create"], "_make"
)

WAYS = {
    "functions": {
        "task_manager.py": SQL.format(**FUNCTIONS),
        "modules/notification_module.py": IMPORT + NOTIFY,
        "modules/file_utils.py": FLAGS,
        "task_scheduler.py": EXECUTE,
    },
    "inline": {"modules/notification_module.py": INLINE, "modules/file_utils.py": FLAGS, "task_scheduler.py": EXECUTE},
}


def carry_out(world: ProgramWorld, way: str) -> None:
    """Change the program's modules as the plan says."""
    for name, text in WAYS[way].items():
        with (world.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)


def take_first_step(world: ProgramWorld) -> None:
    """Change the old program's table as the plan's script does."""
    world.bare("--once", "ts")  # the program makes its table
    with closing(sqlite3.connect(world.store)) as db, db:
        for statement in FIRST_STEP:
            db.execute(statement)
