import sqlite3
from datetime import datetime

DB_NAME = "tasks.db"  # 要在程序目录下启动


def get_connection():
    return sqlite3.connect(DB_NAME, timeout=30)


def create_tasks_table():
    conn = get_connection()
    conn.execute("""
        CREATE TABLE IF NOT EXISTS tasks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task_type TEXT NOT NULL,
            recipient TEXT NOT NULL,
            message TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'pending',
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
            updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
        )
    """)
    conn.commit()
    conn.close()


class Task:
    def __init__(self, task_type, recipient, message, id=None, status="pending"):
        self.id = id
        self.task_type = task_type
        self.recipient = recipient
        self.message = message
        self.status = status
        self.created_at = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        self.updated_at = self.created_at

    def save(self):
        conn = get_connection()
        cursor = conn.cursor()
        cursor.execute(
            "INSERT INTO tasks (task_type, recipient, message, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
            (self.task_type, self.recipient, self.message, self.status, self.created_at, self.updated_at),
        )
        conn.commit()
        self.id = cursor.lastrowid
        conn.close()

    def update_status(self, status):
        update_task(self.id, status)
        self.status = status


def create_task(task_type, recipient, message):
    task = Task(task_type, recipient, message)
    task.save()
    return task


def get_pending_tasks():
    conn = get_connection()
    rows = conn.execute("SELECT * FROM tasks WHERE status = 'pending'").fetchall()
    conn.close()
    return rows


def update_task(task_id, status):
    conn = get_connection()
    conn.execute("UPDATE tasks SET status = ?, updated_at = ? WHERE id = ?", (status, str(datetime.now()), task_id))
    conn.commit()
    conn.close()


create_tasks_table()
