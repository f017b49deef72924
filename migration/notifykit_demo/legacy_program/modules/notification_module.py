import json
import time
from datetime import datetime

from modules.config import *
from modules.file_utils import (
    get_all_records_from_csv,
    load_send_status,
    update_send_status,
    write_performance_data_to_csv,
)
from task_manager import create_task


def _group_message(record):
    return "🎉 签约喜报\n恭喜 %s 签约合同 %s，本月第 %s 单" % (
        record["管家(serviceHousekeeper)"],
        record["合同编号(contractdocNum)"],
        record["活动期内第几个合同"],
    )


def _award_message(record):
    return "%s，合同 %s 的奖励已激活：%s %s" % (
        record["管家(serviceHousekeeper)"],
        record["合同编号(contractdocNum)"],
        record["奖励类型"],
        record["奖励名称"],
    )


def notify_awards_aug_beijing(performance_data_filename, status_filename):
    records = get_all_records_from_csv(performance_data_filename)
    send_status = load_send_status(status_filename)
    updated = False
    for record in records:
        contract_id = record["合同ID(_id)"]
        if record["是否发送通知"] == "N" and send_status.get(contract_id) != "发送成功":
            create_task("send_wecom_message", WECOM_GROUP_BJ_AUG, _group_message(record))
            print("通知", record["合同编号(contractdocNum)"])
            time.sleep(PAUSE)
            if record["激活奖励状态"] == "1":
                create_task("send_wechat_message", record["管家(serviceHousekeeper)"], _award_message(record))
            update_send_status(status_filename, contract_id, "发送成功")
            record["是否发送通知"] = "Y"
            updated = True
    if updated:
        write_performance_data_to_csv(performance_data_filename, records, list(records[0].keys()))


# 和北京一样, 只是群不同
def notify_awards_aug_shanghai(performance_data_filename, status_filename):
    records = get_all_records_from_csv(performance_data_filename)
    send_status = load_send_status(status_filename)
    updated = False
    for record in records:
        contract_id = record["合同ID(_id)"]
        if record["是否发送通知"] == "N" and send_status.get(contract_id) != "发送成功":
            create_task("send_wecom_message", WECOM_GROUP_SH_AUG, _group_message(record))
            print("通知", record["合同编号(contractdocNum)"])
            time.sleep(PAUSE)
            if record["激活奖励状态"] == "1":
                create_task("send_wechat_message", record["管家(serviceHousekeeper)"], _award_message(record))
            update_send_status(status_filename, contract_id, "发送成功")
            record["是否发送通知"] = "Y"
            updated = True
    if updated:
        write_performance_data_to_csv(performance_data_filename, records, list(records[0].keys()))


def get_changes(source):
    with open(source, "r", encoding="utf-8") as file:
        return json.load(file)


def notify_technician_status_changes(status_changes, status_filename):
    send_status = load_send_status(status_filename)
    for change in status_changes:
        if change[0] not in send_status:
            moment = datetime.strptime(change[1], "%Y-%m-%dT%H:%M:%S.%f%z").strftime("%Y-%m-%d %H:%M")
            message = "您好，贵司 %s 师傅 %s 申请%s" % (change[2], moment, change[5][0])
            create_task("send_wechat_message", change[3], message)
            update_send_status(status_filename, change[0], "通知成功")
