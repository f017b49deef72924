"""Why a flag is not written: each reason with what is wrong and the mend. docs/csv.md lists them."""

from notifykit.wording import Sentences, Wording

FLAGS = Sentences()

FILE_MISSING = FLAGS(
    "csv_missing",
    "{file}: there is no such file; put it back, or correct the path",
    "{file}：没有这个文件；请放回，或改正路径",
)
NOT_A_FOLDER = FLAGS(
    "csv_path_broken",
    "{file}: a part of the path is not a folder; correct the path",
    "{file}：路径中有一段不是文件夹；请改正路径",
)
IS_A_FOLDER = FLAGS("csv_is_folder", "{file}: it is a folder; name the CSV file", "{file}：这是文件夹；请指定 CSV 文件")
LINK_LOOP = FLAGS(
    "csv_link_loop",
    "{file}: its symbolic links lead nowhere but to themselves; correct the link",
    "{file}：符号链接指向自身；请改正链接",
)
READ_ONLY = FLAGS(
    "csv_read_only",
    "{file}: its file system is read-only; mount it writable",
    "{file}：所在文件系统只读；请以可写方式挂载",
)
DISK_FULL = FLAGS("csv_disk_full", "{file}: the disk is full; free some space", "{file}：磁盘已满；请腾出空间")
TOO_LARGE = FLAGS(
    "csv_too_large",
    "{file}: it may not grow to the size needed; lift the file size limit",
    "{file}：不允许增大到所需大小；请放宽文件大小限制",
)
DENIED = FLAGS(
    "csv_denied",
    "{file}: permission denied; close the program that holds it open (a spreadsheet?), or let the account that "
    "notifykit runs under read and write the file and its folder",
    "{file}：没有权限；请关闭占用它的程序（表格程序？），或允许运行 notifykit 的账户读写该文件及其文件夹",
)
FAULT = FLAGS("csv_fault", "{file}: {error}; mend that and run again", "{file}：{error}；请处理后重新运行")
UNREADABLE = FLAGS("csv_unreadable", "{error}", "{error}")
OTHER_WRITER = FLAGS(
    "csv_other_writer",
    "{file}: another process has been writing flags for {seconds:g} s; the next pass tries again",
    "{file}：另一个进程已写标记 {seconds:g} 秒；下一轮再试",
)
REWRITTEN = FLAGS(
    "csv_rewritten",
    "{file}: another program rewrote it {times:d} times while it was flagged; the next pass tries again",
    "{file}：写标记期间被另一个程序重写了 {times} 次；下一轮再试",
)
HARD_LINKS = FLAGS(
    "csv_hard_links",
    "{file}: it has {names:d} names (hard links), which a replaced file would part; remove the other names, or choose "
    "flag words of the same length",
    "{file}：它有 {names} 个名字（硬链接），替换文件会把它们分开；请删除其他名字，或选用等长的标记",
)
OPEN_FOR_WRITING = FLAGS(
    "csv_open_for_writing",
    "{file}: another program has it open for writing; close it there, or wait until it is done",
    "{file}：另一个程序正以写方式打开它；请在那里关闭，或等它完成",
)
OTHER_OWNER = FLAGS(
    "csv_other_owner",
    "{file}: it belongs to user {user:d}, group {group:d}, which a replaced file would lose; run notifykit under that "
    "account, or choose flag words of the same length",
    "{file}：它属于用户 {user}、组 {group}，替换文件会失去归属；请用该账户运行 notifykit，或选用等长的标记",
)
ODD_FLAG = FLAGS(
    "csv_odd_flag",
    "{place}: the flag says {word!r}, which is neither {unsent!r} nor {sent!r}; set it to {sent!r} by hand",
    "{place}：标记是 {word!r}，既非 {unsent!r} 也非 {sent!r}；请手工改为 {sent!r}",
)
ROWS_DIFFER = FLAGS(
    "csv_rows_differ",
    "{place}: the rows of this key differ (lines {lines}), and it is not known which of them was sent; remove the "
    "wrong ones, or set their flags by hand",
    "{place}：该业务键的各行不同（第 {lines} 行），无法知道发送的是哪一行；请删除错误的行，或手工设置标记",
)
ROW_GONE = FLAGS(
    "csv_row_gone_since",
    "{file}: no row has the key {key!r} any more; put the row back",
    "{file}：已没有业务键为 {key!r} 的行；请放回该行",
)
ROW_UNUSABLE = FLAGS("csv_row_unusable", "{place}: {what}; {mend}", "{place}：{what}；{mend}")
FILE_UNKNOWN = FLAGS(
    "csv_file_unknown",
    "task {task:d} does not say in which CSV file it is to be flagged; flag it by hand",
    "任务 {task} 没有说明应在哪个 CSV 文件中写标记；请手工写标记",
)

WORDING = Wording(FLAGS)
