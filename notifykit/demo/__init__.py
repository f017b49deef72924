"""`notifykit demo`: a small world, a bad day in it, the acts that plugins add, and the proof of each."""

from notifykit.demo.acts import Acts
from notifykit.demo.narration import Narrator
from notifykit.demo.proof import ChannelProof, FlagProof, Proof

__all__ = ["Acts", "ChannelProof", "FlagProof", "Narrator", "Proof"]
