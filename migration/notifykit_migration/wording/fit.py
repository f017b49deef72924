"""How well the description of a campaign fits what the old program left."""

from notifykit.wording import Sentences

FIT = Sentences()

CSV_CUT = FIT(
    "csv_cut",
    "{campaign}: {file} is cut within its last row. Let the old job run once, where it can, then plan again: it "
    "writes the missing rows anew, and far less is held",
    "{campaign}：{file} 的最后一行残缺。如果旧程序还能运行，先让它运行一次再重新生成计划：它会补写缺失的行，"
    "待人工决定的会少得多",
)
CSV_SHORT = FIT(
    "csv_short",
    "{campaign}: {missing:d} of the {keys:d} keys of {status_file} are in no row of {file}, which may have been cut. "
    "Let the old job run once, where it can, then plan again: it writes the missing rows anew, and far less is held. "
    "Where nothing was cut, see that `legacy: status_file:` is its own",
    "{campaign}：{status_file} 的 {keys} 个键中有 {missing} 个不在 {file} 的任何行中，该文件可能残缺。"
    "如果旧程序还能运行，先让它运行一次再重新生成计划：它会补写缺失的行，待人工决定的会少得多。"
    "文件并不残缺的，请确认 `legacy: status_file:` 是它自己的",
)
FITS = FIT(
    "fits",
    "{campaign}: {explained:d} of {named:d} old rows that name its contracts are its messages; {known:d} of {keys:d} "
    "keys of the send-status file are in the column {column}; {compared:d} of {texts:d} texts compared, "
    "{same:d} the same",
    "{campaign}：提到其合同的 {named} 个旧任务行中，{explained} 个是它的消息；状态文件的 {keys} 个键中有 {known} 个"
    "在 {column} 列中；{texts} 条内容比较了 {compared} 条，{same} 条相同",
)
TEXT_DIFFERS = FIT(
    "text_differs",
    "{campaign}: message {message} of {key}: row {row:d} says {old!r} where the campaign says {new!r}",
    "{campaign}：{key} 的消息 {message}：第 {row} 行写的是 {old!r}，活动生成的是 {new!r}",
)
OTHER_ADDRESS = FIT(
    "other_address",
    "{campaign}: message {message}: the rows of {contracts:d} contracts go to {recipient!r} ({kind}), not to "
    "{described!r} ({described_kind}), as for {key} row {row:d}; correct its `recipient` or its `task_type`",
    "{campaign}：消息 {message}：{contracts} 份合同的任务行发给 {recipient!r}（{kind}），而不是 {described!r}"
    "（{described_kind}），例如 {key} 的第 {row} 行；请更正它的 `recipient` 或 `task_type`",
)
OTHER_KEY = FIT(
    "other_key",
    "{campaign}: {known:d} of the {keys:d} keys of the send-status file stand in the column {column!r}, {there:d} "
    "in {better!r}; correct the `key` of its source, or its `legacy: status_file:`",
    "{campaign}：状态文件的 {keys} 个键中有 {known} 个在 {column!r} 列中，{there} 个在 {better!r} 列中；"
    "请更正 source 的 `key`，或 `legacy: status_file:`",
)
OTHER_NUMBER = FIT(
    "other_number",
    "{campaign}: {rows:d} rows to its recipients name no contract of it by {column!r}; {found:d} of {looked:d} "
    "that were looked at name one by {better!r}; set `legacy: {{number: {better}}}`",
    "{campaign}：发给其接收人的 {rows} 个任务行按 {column!r} 找不到合同；查看的 {looked} 行中有 {found} 行"
    "按 {better!r} 能找到；请设置 `legacy: {{number: {better}}}`",
)

OTHER_SENT_WORD = FIT(
    "other_sent_word",
    "{campaign}: none of the {keys:d} values of the send-status file is {described!r}, {there:d} are {word!r}; set "
    "`legacy: {{sent_word: {word}}}`",
    "{campaign}：状态文件的 {keys} 个值中没有 {described!r}，有 {there} 个是 {word!r}；"
    "请设置 `legacy: {{sent_word: {word}}}`",
)

TORN = frozenset({CSV_CUT.code, CSV_SHORT.code})
"""What the old job should mend first."""

MISFITS = frozenset({OTHER_ADDRESS.code, OTHER_KEY.code, OTHER_NUMBER.code, OTHER_SENT_WORD.code})
"""What shows that the campaign is described wrongly."""
