"""Own the settings: the only reader of the environment. Values are passed on to everybody else."""

import os
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, IPvAnyAddress, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from attendance.errors import SettingsError

PREFIX = "ATTENDANCE_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SINGLE_SIGN_ON = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")


class Settings(BaseSettings):
    """What the environment says; each name with the prefix `ATTENDANCE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    sites: Path = Field(default=Path("sites.yaml"), description="The registry: the file that declares the sites.")
    log_dir: Path = Field(default=Path("logs"), description="The folder of attendance.log.")
    host: str = Field(default="127.0.0.1", description="The address that the server listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="The port that the server listens on.")
    workers: int = Field(default=2, ge=1, le=64, description="How many processes serve.")
    network_storage: bool = Field(
        default=False, description="Whether ledgers may lie on NFS, SMB or FUSE, where locks and flushes may fail."
    )
    trusted_proxy: IPvAnyAddress | None = Field(
        default=None,
        description="The address of the one proxy whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="The issuer of the single sign-on (OpenID Connect), exactly as the provider spells it.",
    )
    oidc_client_id: str | None = Field(default=None, description="The name of this server at the provider.")
    oidc_client_secret: SecretStr | None = Field(default=None, description="The secret of this server at the provider.")

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, issuer: str | None) -> str | None:
        """Return the issuer; raise ValueError for one that secrets must not be sent to."""
        parts = urlsplit(issuer or "https://none.example")
        is_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
        is_secure = parts.scheme == "https" and parts.hostname
        if not (is_secure or is_loopback) or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be an https address without query, such as https://login.example.com")
        return issuer

    @property
    def address(self) -> str:
        """Return where the server is to be found from this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def load_settings() -> Settings:
    """Return the settings; raise SettingsError that names every variable which is wrong, or a slip for another one."""
    known = [name.upper() for name in Settings.model_fields]
    problems: dict[str, str] = {}
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        # Others than slips are none of ours: Kubernetes, for one, sets ATTENDANCE_SERVICE_HOST for a service.
        meant = get_close_matches(name, known, n=1, cutoff=0.75) if name not in {variable, *known} else []
        if meant:
            problems[variable] = f"there is no such setting; did you mean {PREFIX}{meant[0]}?"
    try:
        settings = Settings()
        problems |= _missing(settings)
    except ValidationError as error:
        for part in error.errors(include_url=False, include_input=False):
            problems[f"{PREFIX}{part['loc'][0]}".upper()] = part["msg"]
    if problems:
        raise SettingsError(problems)
    return settings


def _missing(settings: Settings) -> dict[str, str]:
    """Return what is not set of the single sign-on, although the rest of it is."""
    missing = [name for name in SINGLE_SIGN_ON if getattr(settings, name) is None]
    if len(missing) == len(SINGLE_SIGN_ON):
        return {}
    return {f"{PREFIX}{name}".upper(): "is not set; single sign-on needs all three of its settings" for name in missing}
