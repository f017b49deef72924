"""What each point of the acceptance of a migration is called. docs/migration.md explains them."""

from notifykit.wording import Sentences

POINTS = Sentences()

NOTHING_LOST = POINTS("nothing_lost", "nothing is lost", "没有丢失")
NOTHING_TWICE = POINTS("nothing_twice", "nothing was sent twice", "没有重复发送")
FLAG_AFTER_SENDING = POINTS("flag_after_sending", "flags follow sending", "发送成功后才写标记")
METADATA_KEPT = POINTS("metadata_kept", "each task keeps its contract", "任务保存合同信息")
OTHERS_UNTOUCHED = POINTS("others_untouched", "technicians and other programs as before", "技师和其他程序不受影响")
OLD_PROGRAMS_READ = POINTS("old_programs_read", "old programs can still read", "旧程序仍能读取")
WAY_BACK_OPEN = POINTS("way_back_open", "rollback is possible", "可以回滚")
HOLDS_DECIDED = POINTS("holds_decided", "held messages are decided", "待定消息都已决定")
SUCCESS_RATE = POINTS("success_rate", "as many messages are sent", "发送成功率不低于从前")
RESPONSE_TIME = POINTS("response_time", "messages leave as soon", "发送不比从前慢")
ERRORS = POINTS("errors", "no more errors", "错误不比从前多")
CALENDAR_KEPT = POINTS("calendar_kept", "verified by the calendar", "按日历校验")
