"""A credential in the keyring of the system: Keychain, Credential Locker, Secret Service, KWallet."""

from __future__ import annotations

from dataclasses import dataclass

from notifykit.secrets import SecretMissingError
from notifykit.wording.translation import gettext

EXTRA = 'pip install "notifykit-outbox[keyring]"'


@dataclass(frozen=True, kw_only=True)
class KeyringSecret:
    """Ask the keyring of the account that runs notifykit. `keyring set SERVICE USER` puts a credential there."""

    service: str
    """Under which service it is kept."""
    user: str = "notifykit"
    """Under which user of the service."""

    def read(self) -> str:
        """Return what is kept. Raises SecretMissingError where nothing is, and where there is no keyring."""
        try:
            import keyring
            import keyring.errors
        except ImportError as error:
            raise SecretMissingError(
                gettext("a secret of the keyring needs {module}", module=error.name), mend=EXTRA
            ) from None
        try:
            found = keyring.get_password(self.service, self.user)
        except keyring.errors.NoKeyringError:
            raise SecretMissingError(
                gettext("this account has no keyring"),
                mend=gettext("a service has none: use {env: NAME}, {file: path} or {command: …} there"),
            ) from None
        except keyring.errors.KeyringError as error:
            raise SecretMissingError(
                gettext("the keyring does not open ({kind})", kind=type(error).__name__),
                mend=gettext("unlock it, and run this in a session of its user"),
            ) from None
        if found is None:
            raise SecretMissingError(
                gettext("the keyring has nothing under {service} and {user}", service=self.service, user=self.user),
                mend=f"keyring set {self.service} {self.user}",
            )
        return found
