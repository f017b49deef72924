"""What each check of a backup or of a migration is called. docs/migration.md explains them."""

from notifykit.wording import Sentences, Wording
from notifykit_migration.wording.acceptance import POINTS

CHECKS = Sentences()

BACKUP_RESTORES = CHECKS("backup_restores", "backup restores", "备份可以还原")
BACKUP_MANIFEST = CHECKS("backup_manifest", "backup manifest", "备份清单")
BACKUP_FILES = CHECKS("backup_files", "backup files", "备份文件")
BACKUP_PLAN = CHECKS("backup_plan", "backup plan", "备份中的计划")
BACKUP_DATABASE = CHECKS("backup_database", "backup database", "备份数据库")
BACKUP_ROWS = CHECKS("backup_rows", "backup rows", "备份行数")
BACKUP_CONTENT = CHECKS("backup_content", "backup content", "备份内容")
STORE_OPENS = CHECKS("store_opens", "store opens", "数据库能打开")
INTEGRITY = CHECKS("integrity_check", "integrity_check", "数据库完整性")
OUTBOX_SCHEMA = CHECKS("outbox_schema", "outbox schema", "outbox 的表和索引齐全")
AS_MIGRATED = CHECKS("as_migrated", "campaigns as migrated", "活动仍与迁移时一致")
LEGACY_READERS = CHECKS("legacy_readers", "legacy readers still read", "旧程序仍能读取")
FENCE_STANDS = CHECKS("fence_stands", "fence stands", "防护仍在")
ONE_SENDER = CHECKS("one_sender", "one sender for other programs", "其他程序的消息只由一方发送")
CONTRACTS_ONCE = CHECKS("contracts_once", "every contract once", "每份合同恰好一次")
ROWS_KEPT = CHECKS("rows_kept", "rows kept", "原有行都在")
ONLY_FLAGS_DIFFER = CHECKS("only_flags_differ", "only flags differ in {file}", "{file} 只有标记不同")
FILE_UNTOUCHED = CHECKS("file_untouched", "{file} untouched", "{file} 未被改动")
OLD_STATUS_FILES = CHECKS("old_status_files", "old status files", "旧状态文件")
SHADOW_COMPARISON = CHECKS("shadow_comparison", "shadow comparison", "影子比对")

CHECK_WORDING = Wording((*CHECKS, *POINTS))
