# 配置, 全部大写, 其他模块 from modules.config import *
import os

# 停顿系数, 测试机上设为 0
PAUSE = float(os.environ.get('LEGACY_PAUSE', '1'))
CYCLES = int(os.environ.get('LEGACY_CYCLES', '3'))

# 桌面 (文件或 http 地址)
DESKTOP = os.environ.get('LEGACY_DESKTOP', 'state/desktop.jsonl')
DESKTOP_FAIL = os.environ.get('LEGACY_DESKTOP_FAIL', 'state/desktop_fail.txt')

# 接口 (这里是文件)
API_URL_BJ_AUG = 'source/contracts_bj_aug.json'
API_URL_SH_AUG = 'source/contracts_sh_aug.json'
API_URL_TS = 'source/technician_changes.json'
API_URL_ORDERS = 'source/pending_orders.json'

# 北京 8 月
PERFORMANCE_DATA_FILENAME_BJ_AUG = 'state/PerformanceData-BJ-Aug.csv'
STATUS_FILENAME_BJ_AUG = 'state/send_status_bj_aug.json'
WECOM_GROUP_NAME_BJ_AUG = '（北京）销售喜报群'

# 上海 8 月
PERFORMANCE_DATA_FILENAME_SH_AUG = 'state/PerformanceData-SH-Aug.csv'
STATUS_FILENAME_SH_AUG = 'state/send_status_sh_aug.json'
WECOM_GROUP_NAME_SH_AUG = '（上海）销售喜报群'

# 技师上下线
STATUS_FILENAME_TS = './state/technician_status_record.json'
WEBHOOK_URL_TS = os.environ.get('LEGACY_WEBHOOK', '')

WECOM_GROUP_NAME_REPORT = '运营日报群'
REPORT_DATE = os.environ.get('LEGACY_REPORT_DATE', '2025-08-20')

PERFORMANCE_HEADERS = [
    '活动编号', '合同ID(_id)', '活动城市(province)', '工单编号(serviceAppointmentNum)', 'Status',
    '管家(serviceHousekeeper)', '合同编号(contractdocNum)', '合同金额(adjustRefundMoney)', '支付金额(paidAmount)',
    '差额(difference)', 'State', '创建时间(createTime)', '服务商(orgName)', '签约时间(signedDate)', 'Doorsill',
    '款项来源类型(tradeIn)', '转化率(conversion)', '平均客单价(average)', '活动期内第几个合同', '管家累计金额',
    '管家累计单数', '奖金池', '计入业绩金额', '激活奖励状态', '奖励类型', '奖励名称', '是否发送通知', '备注', '登记时间',
]

# 目录不存在就建
for _d in ('state', 'logs'):
    if not os.path.exists(_d):
        os.makedirs(_d)
