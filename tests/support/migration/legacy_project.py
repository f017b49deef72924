"""The project of a legacy world: notifykit.yaml, its campaigns, and the texts of the old program's messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import legacy_desk

GROUP, AWARD = "group", "award"
WECOM, WECHAT = "send_wecom_message", "send_wechat_message"
SENT, TECHNICIAN_SENT = "发送成功", "通知成功"
CITIES = {"beijing": ("北京", "bj", "BJ"), "shanghai": ("上海", "sh", "SH")}
KINDS = {GROUP: WECOM, AWARD: WECHAT}

PROJECT = """
store: tasks.db
campaigns: campaigns/*.yaml
senders:
  desk: {{type: python, call: "{call}", search_path: "{support}"}}
dispatch: {{workers: 2, lease: 30, timeout: 10}}
"""

CAMPAIGN = """
source: {{type: contract_csv, path: state/PerformanceData-{upper}-Aug.csv, key: 合同ID(_id)}}
strategy: {{type: contract}}
messages:
  - name: group
    recipient: （{city}）销售喜报群
    sender: desk
    task_type: send_wecom_message
    template: |-
      🎉 签约喜报 🎉
      恭喜 {{{{ record["管家(serviceHousekeeper)"] }}}} 签约合同 {{{{ record["合同编号(contractdocNum)"] }}}}，并收款！
  - name: award
    when: record["激活奖励状态"] == "1"
    recipient: '{{{{ record["管家(serviceHousekeeper)"] }}}}'
    sender: desk
    task_type: send_wechat_message
    template: |-
      {{{{ record["管家(serviceHousekeeper)"] }}}} 签约合同 {{{{ record["合同编号(contractdocNum)"] }}}}
      达成 {{{{ record["奖励类型"] }}}} 奖励条件：{{{{ record["奖励名称"] }}}}
legacy: {{kind: contract, status_file: state/send_status_{lower}_aug.json}}
"""

TECHNICIANS = """
source:
  type: json_file
  path: source/technician_changes.json
  columns: [change id, time, technician, company, _, content]
  key: change id
strategy: {type: legacy_status, status_file: state/technician_status_record.json}
messages:
  - name: person
    recipient: '{{ record["company"] }}'
    sender: desk
    task_type: send_wechat_message
    template: '您好，贵司 {{ record["technician"] }} 师傅申请{{ record["content"][0] }}'
legacy: {kind: technician, status_file: state/technician_status_record.json}
"""

TABLE = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_type TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
)
"""


def group_text(cells: Mapping[str, str]) -> str:
    """What the old program writes to the group."""
    return (
        f"🎉 签约喜报 🎉\n恭喜 {cells['管家(serviceHousekeeper)']} 签约合同 "
        f"{cells['合同编号(contractdocNum)']}，并收款！"
    )


def award_text(cells: Mapping[str, str]) -> str:
    """What the old program writes to the person."""
    return (
        f"{cells['管家(serviceHousekeeper)']} 签约合同 {cells['合同编号(contractdocNum)']}\n"
        f"达成 {cells['奖励类型']} 奖励条件：{cells['奖励名称']}"
    )


def text_of(message: str, cells: Mapping[str, str]) -> str:
    return group_text(cells) if message == GROUP else award_text(cells)


def recipient_of(message: str, cells: Mapping[str, str], campaign: str) -> str:
    return group_of(campaign) if message == GROUP else cells["管家(serviceHousekeeper)"]


def group_of(campaign: str) -> str:
    """The group of a city."""
    return f"（{CITIES[campaign][0]}）销售喜报群"


def status_file(campaign: str) -> str:
    return f"state/send_status_{CITIES[campaign][1]}_aug.json"


def csv_file(campaign: str) -> str:
    return f"state/PerformanceData-{CITIES[campaign][2]}-Aug.csv"


def write_project(folder: Path, campaigns: tuple[str, ...], *, technicians: bool = True) -> None:
    """Write notifykit.yaml and the campaigns."""
    for name in ("campaigns", "state", "source", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    project = PROJECT.format(call=legacy_desk.call(folder), support=Path(legacy_desk.__file__).parent)
    (folder / "notifykit.yaml").write_text(project, encoding="utf-8")
    for campaign in campaigns:
        city, lower, upper = CITIES[campaign]
        text = CAMPAIGN.format(city=city, lower=lower, upper=upper)
        (folder / "campaigns" / f"{campaign}.yaml").write_text(text, encoding="utf-8")
    if technicians:
        (folder / "campaigns" / "technicians.yaml").write_text(TECHNICIANS, encoding="utf-8")
        (folder / "source" / "technician_changes.json").write_text("[]", encoding="utf-8")
