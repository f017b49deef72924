import json
import logging
import time
import urllib.request
from datetime import datetime

from modules.config import *
from modules.file_utils import (
    get_all_records_from_csv,
    load_send_status,
    update_send_status,
    write_performance_data_to_csv,
)
from task_manager import create_task


def generate_group_message(record):
    note = record['备注']
    tail = '' if note in ('', '无') else '\n👊 ' + note
    return '''🎉 签约喜报 🎉
恭喜 %s 签约合同 %s，并完成线上收款！
🌻 本单为活动期间第 %s 单，个人累计第 %s 单''' % (
        record['管家(serviceHousekeeper)'], record['合同编号(contractdocNum)'],
        record['活动期内第几个合同'], record['管家累计单数']) + tail


def generate_award_message(record):
    return '%s 签约合同 %s\n达成 %s 奖励条件：%s' % (
        record['管家(serviceHousekeeper)'], record['合同编号(contractdocNum)'],
        record['奖励类型'], record['奖励名称'])


def notify_awards_aug_beijing(performance_data_filename, status_filename):
    records = get_all_records_from_csv(performance_data_filename)
    send_status = load_send_status(status_filename)
    updated = False
    for record in records:
        contract_id = record['合同ID(_id)']
        if record['是否发送通知'] == 'N' and send_status.get(contract_id) != '发送成功':
            create_task('send_wecom_message', WECOM_GROUP_NAME_BJ_AUG, generate_group_message(record))
            time.sleep(3 * PAUSE)
            if record['激活奖励状态'] == '1':
                create_task('send_wechat_message', record['管家(serviceHousekeeper)'], generate_award_message(record))
            update_send_status(status_filename, contract_id, '发送成功')
            send_status[contract_id] = '发送成功'
            record['是否发送通知'] = 'Y'
            updated = True
            logging.info(f'contract {contract_id} notified')
    if updated:
        write_performance_data_to_csv(performance_data_filename, records, list(records[0].keys()))


# 上海和北京一样, 只是群不同
def notify_awards_aug_shanghai(performance_data_filename, status_filename):
    records = get_all_records_from_csv(performance_data_filename)
    send_status = load_send_status(status_filename)
    updated = False
    for record in records:
        contract_id = record['合同ID(_id)']
        if record['是否发送通知'] == 'N' and send_status.get(contract_id) != '发送成功':
            create_task('send_wecom_message', WECOM_GROUP_NAME_SH_AUG, generate_group_message(record))
            time.sleep(3 * PAUSE)
            if record['激活奖励状态'] == '1':
                create_task('send_wechat_message', record['管家(serviceHousekeeper)'], generate_award_message(record))
            update_send_status(status_filename, contract_id, '发送成功')
            send_status[contract_id] = '发送成功'
            record['是否发送通知'] = 'Y'
            updated = True
    if updated:
        write_performance_data_to_csv(performance_data_filename, records, list(records[0].keys()))


def post_text_to_webhook(message, url):
    if not url:
        return
    try:
        data = json.dumps({'msg_type': 'text', 'text': message}, ensure_ascii=False).encode('utf-8')
        urllib.request.urlopen(urllib.request.Request(url, data, {'Content-Type': 'application/json'}), timeout=5).close()
    except Exception as e:
        print('webhook 失败', e)


def notify_technician_status_changes(status_changes, status_filename):
    send_status = load_send_status(status_filename)
    for change in status_changes:
        change_id = change[0]
        change_time = datetime.strptime(change[1], '%Y-%m-%dT%H:%M:%S.%f%z').strftime('%Y-%m-%d %H:%M')
        technician_name = change[2]
        company_name = change[3]
        content = change[5] if isinstance(change[5], list) else json.loads(change[5])
        if change_id not in send_status:
            icon = '🟢' if content[0] == '上线' else '🔴'
            message = '%s 您好，贵司 %s 师傅 %s 申请%s' % (icon, technician_name, change_time, content[0])
            create_task('send_wechat_message', company_name, message)
            post_text_to_webhook(message, WEBHOOK_URL_TS)
            update_send_status(status_filename, change_id, '通知成功')
            send_status[change_id] = '通知成功'
