# 每个城市每个月复制一份 (八月)
import logging
from datetime import datetime

from modules.config import *
from modules.data_processing_module import process_data_aug_beijing, process_data_aug_shanghai
from modules.file_utils import get_all_records_from_csv, write_performance_data
from modules.notification_module import (
    notify_awards_aug_beijing,
    notify_awards_aug_shanghai,
    notify_technician_status_changes,
)
from modules.request_module import get_data
from task_manager import create_task


def signing_and_sales_incentive_aug_beijing():
    print('北京 8 月 开始')
    contracts = get_data(API_URL_BJ_AUG)
    existing = {r['合同ID(_id)'] for r in get_all_records_from_csv(PERFORMANCE_DATA_FILENAME_BJ_AUG)}
    rows = process_data_aug_beijing(contracts, existing)
    if rows:
        write_performance_data(PERFORMANCE_DATA_FILENAME_BJ_AUG, rows, PERFORMANCE_HEADERS)
    notify_awards_aug_beijing(PERFORMANCE_DATA_FILENAME_BJ_AUG, STATUS_FILENAME_BJ_AUG)
    logging.info('beijing aug done')


def signing_and_sales_incentive_aug_shanghai():
    print('上海 8 月 开始')
    contracts = get_data(API_URL_SH_AUG)
    existing = {r['合同ID(_id)'] for r in get_all_records_from_csv(PERFORMANCE_DATA_FILENAME_SH_AUG)}
    rows = process_data_aug_shanghai(contracts, existing)
    if rows:
        write_performance_data(PERFORMANCE_DATA_FILENAME_SH_AUG, rows, PERFORMANCE_HEADERS)
    notify_awards_aug_shanghai(PERFORMANCE_DATA_FILENAME_SH_AUG, STATUS_FILENAME_SH_AUG)
    logging.info('shanghai aug done')


def check_technician_status():
    changes = get_data(API_URL_TS)
    notify_technician_status_changes(changes, STATUS_FILENAME_TS)


def daily_service_report():
    # 日报: 只建任务, 不记录状态
    lines = ['服务日报 ' + REPORT_DATE]
    for city, filename in (('北京', PERFORMANCE_DATA_FILENAME_BJ_AUG), ('上海', PERFORMANCE_DATA_FILENAME_SH_AUG)):
        lines.append('%s 累计 %d 单' % (city, len(get_all_records_from_csv(filename))))
    create_task('send_wecom_message', WECOM_GROUP_NAME_REPORT, '\n'.join(lines))


def pending_orders_reminder():
    for order in get_data(API_URL_ORDERS):
        create_task('send_wechat_message', order['orgName'], '工单 %s 待预约，请尽快处理' % order['orderNum'])
