import csv
import json
import logging
import os


def load_send_status(filename):
    if not os.path.exists(filename):
        return {}
    with open(filename, 'r', encoding='utf-8') as file:
        return json.load(file)


def save_send_status(filename, send_status):
    with open(filename, 'w', encoding='utf-8') as file:
        json.dump(send_status, file, ensure_ascii=False, indent=4)


def update_send_status(filename, _id, status):
    send_status = load_send_status(filename)
    send_status[_id] = status
    save_send_status(filename, send_status)


def get_all_records_from_csv(filename):
    if not os.path.exists(filename):
        return []
    with open(filename, 'r', encoding='utf-8-sig', newline='') as file:
        return [row for row in csv.DictReader(file)]


def write_performance_data(filename, data, headers):
    # 追加; 空文件先写表头
    is_new = not os.path.exists(filename) or os.path.getsize(filename) == 0
    with open(filename, 'a', encoding='utf-8-sig', newline='') as file:
        writer = csv.DictWriter(file, fieldnames=headers)
        if is_new:
            writer.writeheader()
        for row in data:
            writer.writerow(row)
    logging.info(f'{len(data)} rows appended to {filename}')


def write_performance_data_to_csv(filename, records, fieldnames):
    # 整个文件重写
    with open(filename, 'w', encoding='utf-8-sig', newline='') as file:
        writer = csv.DictWriter(file, fieldnames=fieldnames)
        writer.writeheader()
        writer.writerows(records)
