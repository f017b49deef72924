"""Why a flag is not written: each reason with what is wrong and the mend. docs/sources.md lists them."""

from notifykit.wording import Sentences

FLAGS = Sentences()

FAILED = FLAGS("sql_failed", "{error}", "{error}")
ROW_GONE = FLAGS(
    "sql_row_gone",
    "{table}: no row has the key {key!r} in {column}; put the row back, or correct `key` of the strategy",
    "{table}：{column} 列中没有键为 {key!r} 的行；请放回该行，或改正策略的 `key`",
)
NO_KEY = FLAGS(
    "sql_no_key",
    "{table}: {column} is {type}, and the key {key!r} can be none of these; correct `key` of the strategy",
    "{table}：{column} 列的类型是 {type}，键 {key!r} 不可能是这种值；请改正策略的 `key`",
)
ODD_FLAG = FLAGS(
    "sql_odd_flag",
    "{table}: the row with the key {key!r} says {word!r} in {column}, which is neither {unsent!r} nor {sent!r}; "
    "another program changed it, so set it by hand",
    "{table}：键为 {key!r} 的行在 {column} 列写的是 {word!r}，既非 {unsent!r} 也非 {sent!r}；"
    "其他程序改动了它，请手工设置",
)
NOT_KEPT = FLAGS(
    "sql_not_kept",
    "{table}: the row with the key {key!r} still says {unsent!r} in {column} after it was set to {sent!r}; see which "
    "trigger or program sets it back",
    "{table}：键为 {key!r} 的行写入 {sent!r} 后，{column} 列仍是 {unsent!r}；请查明是哪个触发器或程序改了回去",
)
SPELLED_ALIKE = FLAGS(
    "sql_spelled_alike",
    "{table}: the database takes {key!r} and {other!r} in {column} for the same key; give the column a collation that "
    "tells them apart, or flag the row by hand",
    "{table}：数据库把 {column} 列中的 {key!r} 和 {other!r} 当作同一个键；"
    "请给该列设置能区分它们的排序规则，或手工写标记",
)
