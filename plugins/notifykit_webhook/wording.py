"""What is said of an attempt, and is kept. docs/senders.md tells what follows from it."""

from notifykit.wording import Sentences

ATTEMPTS = Sentences()

TOO_MUCH = ATTEMPTS(
    "webhook_too_much",
    "the receiver says {name} is {word}: too much at a time",
    "接收方说 {name} 是 {word}：一次发得太多",
)
SAYS = ATTEMPTS("webhook_says", "the receiver says {name} is {word}", "接收方说 {name} 是 {word}")
TOO_LONG = ATTEMPTS(
    "webhook_too_long",
    "{size:d} bytes, and max_bytes is {most:d}: not sent; shorten or split it",
    "{size} 字节，而 max_bytes 是 {most}：没有发送；请缩短或拆分",
)
NO_VERDICT = ATTEMPTS("webhook_no_verdict", "the reply does not say what {name} is", "应答没有说 {name} 是什么")
