# 每个城市每个月一组
CONTRACTS_BJ_AUG = "state/PerformanceData-BJ-Aug.csv"
STATUS_FILENAME_BJ_AUG = "state/send_status_bj_aug.json"
API_BJ_AUG = "source/contracts_bj_aug.json"
WECOM_GROUP_BJ_AUG = "北京签约喜报群"

CONTRACTS_SH_AUG = "state/PerformanceData-SH-Aug.csv"
STATUS_FILENAME_SH_AUG = "state/send_status_sh_aug.json"
API_SH_AUG = "source/contracts_sh_aug.json"
WECOM_GROUP_SH_AUG = "上海签约喜报群"

# 技师上下线
API_TS = "source/technician_changes.json"
STATUS_FILENAME_TS = "./state/technician_status_record.json"

# 桌面自动化的地址, 两条消息之间的停顿 (秒)
DESKTOP = "desktop.txt"
PAUSE = 0.3
