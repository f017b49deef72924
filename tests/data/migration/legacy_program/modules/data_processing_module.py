from datetime import datetime


def _process(contracts, existing_ids, city, activity):
    rows = []
    counts = {}
    totals = {}
    for number, c in enumerate(contracts, 1):
        keeper = c['serviceHousekeeper']
        counts[keeper] = counts.get(keeper, 0) + 1
        totals[keeper] = totals.get(keeper, 0) + float(c['adjustRefundMoney'])
        contract_id = str(c['_id'])
        if contract_id in existing_ids:
            continue
        # 个人第 6 单, 或者接口里直接标了奖励
        award = bool(c.get('award')) or counts[keeper] == 6
        rows.append({
            '活动编号': activity,
            '合同ID(_id)': contract_id,
            '活动城市(province)': city,
            '工单编号(serviceAppointmentNum)': c.get('serviceAppointmentNum', ''),
            'Status': '1',
            '管家(serviceHousekeeper)': keeper,
            '合同编号(contractdocNum)': c['contractdocNum'],
            '合同金额(adjustRefundMoney)': c['adjustRefundMoney'],
            '支付金额(paidAmount)': c.get('paidAmount', ''),
            '差额(difference)': '',
            'State': '1',
            '创建时间(createTime)': c.get('createTime', ''),
            '服务商(orgName)': c.get('orgName', ''),
            '签约时间(signedDate)': c.get('signedDate', ''),
            'Doorsill': '10000',
            '款项来源类型(tradeIn)': '0',
            '转化率(conversion)': '',
            '平均客单价(average)': '',
            '活动期内第几个合同': number,
            '管家累计金额': totals[keeper],
            '管家累计单数': counts[keeper],
            '奖金池': '',
            '计入业绩金额': c['adjustRefundMoney'],
            '激活奖励状态': 1 if award else 0,
            '奖励类型': '节节高' if award else '',
            '奖励名称': '达标奖' if award else '',
            '是否发送通知': 'N',
            '备注': c.get('note', '无'),
            '登记时间': datetime.now().strftime('%Y-%m-%d %H:%M:%S'),
        })
    return rows


def process_data_aug_beijing(contracts, existing_ids):
    return _process(contracts, existing_ids, '110000', 'BJ-AUG')


def process_data_aug_shanghai(contracts, existing_ids):
    return _process(contracts, existing_ids, '310000', 'SH-AUG')
