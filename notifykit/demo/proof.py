"""What a proof of the demonstration says: channel by channel and file by file, and whether the claim holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelProof:
    """What one channel's service accepted."""

    channel: str
    due: int
    once: int
    in_doubt: int
    """Listed as in doubt, and accepted at most once."""
    twice: tuple[str, ...]
    """Subjects accepted more than once."""
    never: tuple[str, ...]
    """Subjects neither accepted nor listed as in doubt."""
    strange: int
    """Accepted messages that nobody was due."""

    @property
    def holds(self) -> bool:
        """Whether each message was accepted exactly once, or is listed as in doubt."""
        return not (self.twice or self.never or self.strange)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagProof:
    """What one CSV file says."""

    file: str
    rows: int
    set_now: int
    wrong: tuple[str, ...]
    """Contract numbers whose flag does not say what the service accepted."""
    other_bytes: int
    """Bytes that changed beside the flags, or -1 where rows are missing or too many."""
    held: int = 0
    """Rows with a message in doubt: their flags are as they were, and prove nothing."""

    @property
    def holds(self) -> bool:
        """Whether exactly the right flags were set, and nothing else was touched."""
        return not (self.wrong or self.other_bytes)


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything that was compared."""

    channels: tuple[ChannelProof, ...]
    flags: tuple[FlagProof, ...]

    @property
    def holds(self) -> bool:
        """Whether the claim is true: each message accepted exactly once or in doubt, each flag right."""
        return all(proof.holds for proof in self.channels) and all(proof.holds for proof in self.flags)
