import csv
import json
import os


def load_send_status(filename):
    if not os.path.exists(filename):
        return {}
    with open(filename, "r", encoding="utf-8") as file:
        return json.load(file)


def save_send_status(filename, send_status):
    with open(filename, "w", encoding="utf-8") as file:
        json.dump(send_status, file, ensure_ascii=False, indent=4)


def update_send_status(filename, _id, status):
    send_status = load_send_status(filename)
    send_status[_id] = status
    save_send_status(filename, send_status)


def get_all_records_from_csv(filename):
    with open(filename, "r", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_performance_data(filename, data, headers):
    # 追加
    with open(filename, "a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, fieldnames=headers).writerows(data)


def write_performance_data_to_csv(filename, records, fieldnames):
    # 整个文件重写
    with open(filename, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=fieldnames)
        writer.writeheader()
        writer.writerows(records)


def append_new_contracts(source, filename):
    with open(source, "r", encoding="utf-8") as file:
        contracts = json.load(file)
    records = get_all_records_from_csv(filename)
    known = {record["合同ID(_id)"] for record in records}
    rows = [contract for contract in contracts if contract["合同ID(_id)"] not in known]
    if rows:
        write_performance_data(filename, rows, list(records[0].keys()))
