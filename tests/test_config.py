"""Settings come from the environment, have defaults, and are refused by name."""

import os
import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from attendance.config import Settings, load_settings
from attendance.errors import SettingsError

DOCUMENT = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text()

DEFAULTS = {
    "sites": Path("sites.yaml"),
    "log_dir": Path("logs"),
    "host": "127.0.0.1",
    "port": 8000,
    "workers": 2,
    "network_storage": False,
    "trusted_proxy": None,
    "oidc_issuer": None,
    "oidc_client_id": None,
    "oidc_client_secret": None,
}
SINGLE_SIGN_ON = {
    "ATTENDANCE_OIDC_ISSUER": "https://login.example.com/realms/office",
    "ATTENDANCE_OIDC_CLIENT_ID": "attendance",
    "ATTENDANCE_OIDC_CLIENT_SECRET": "s3cret",
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting out of the environment."""
    for name in os.environ:
        if name.upper().startswith("ATTENDANCE_"):
            monkeypatch.delenv(name)


def test_without_any_variable_the_defaults_hold() -> None:
    """Nothing has to be set."""
    loaded = load_settings()

    assert loaded.model_dump() == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("ATTENDANCE_SITES", "/etc/attendance/sites.yaml", Path("/etc/attendance/sites.yaml")),
        ("ATTENDANCE_LOG_DIR", "/var/log/attendance", Path("/var/log/attendance")),
        ("ATTENDANCE_HOST", "::", "::"),
        ("ATTENDANCE_PORT", "1", 1),
        ("ATTENDANCE_PORT", "65535", 65535),
        ("ATTENDANCE_WORKERS", "1", 1),
        ("ATTENDANCE_WORKERS", "64", 64),
        ("ATTENDANCE_NETWORK_STORAGE", "true", True),
        ("ATTENDANCE_TRUSTED_PROXY", "10.0.0.1", ip_address("10.0.0.1")),
        ("ATTENDANCE_TRUSTED_PROXY", "fd00::1", ip_address("fd00::1")),
    ],
)
def test_a_variable_sets_its_setting_and_no_other(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, expected: object
) -> None:
    """Each variable has the prefix and the name of its setting."""
    monkeypatch.setenv(variable, text)

    loaded = load_settings()

    name = variable.removeprefix("ATTENDANCE_").lower()
    assert loaded.model_dump() == DEFAULTS | {name: expected}


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A line such as `ATTENDANCE_PORT=` in an environment file leaves the default."""
    monkeypatch.setenv(f"ATTENDANCE_{name.upper()}", "")

    assert load_settings().model_dump() == DEFAULTS


def test_a_variable_without_the_prefix_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOST and PORT belong to other programs."""
    monkeypatch.setenv("HOST", "elsewhere")
    monkeypatch.setenv("PORT", "1")

    assert load_settings().model_dump() == DEFAULTS


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("ATTENDANCE_PORT", "http", "valid integer"),
        ("ATTENDANCE_PORT", "0", "greater than or equal to 1"),
        ("ATTENDANCE_PORT", "65536", "less than or equal to 65535"),
        ("ATTENDANCE_WORKERS", "0", "greater than or equal to 1"),
        ("ATTENDANCE_WORKERS", "65", "less than or equal to 64"),
        ("ATTENDANCE_WORKERS", "1.5", "valid integer"),
        ("ATTENDANCE_TRUSTED_PROXY", "proxy.example", "not a valid IPv4 or IPv6 address"),
        ("ATTENDANCE_TRUSTED_PROXY", "10.0.0.0/8", "not a valid IPv4 or IPv6 address"),
        ("ATTENDANCE_TRUSTED_PROXY", "10.0.0.1,10.0.0.2", "not a valid IPv4 or IPv6 address"),
        ("ATTENDANCE_TRUSTED_PROXY", "*", "not a valid IPv4 or IPv6 address"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, message: str
) -> None:
    """The error names the variable, says what is wrong, and does not repeat the value."""
    monkeypatch.setenv(variable, text)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(f"{variable}: ")
    assert message in str(caught.value)
    assert caught.value.__cause__ is None


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mends the environment sees everything, one line for each variable."""
    monkeypatch.setenv("ATTENDANCE_PORT", "http")
    monkeypatch.setenv("ATTENDANCE_WORKERS", "none")
    monkeypatch.setenv("ATTENDANCE_TRUSTED_PROXY", "no")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    named = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert named == ["ATTENDANCE_PORT", "ATTENDANCE_WORKERS", "ATTENDANCE_TRUSTED_PROXY"]


def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in a name is told: its value would otherwise be a default, in silence."""
    monkeypatch.setenv("ATTENDANCE_SITE", "elsewhere.yaml")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert str(refused.value) == "ATTENDANCE_SITE: there is no such setting; did you mean ATTENDANCE_SITES?"


@pytest.mark.parametrize("name", ["ATTENDANCE_SERVICE_HOST", "ATTENDANCE_PORT_8000_TCP_ADDR", "ATTENDANCE_TEAM"])
def test_a_variable_of_somebody_else_is_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What only shares the prefix, as Kubernetes sets it for a service, keeps nobody from starting."""
    monkeypatch.setenv(name, "tcp://192.0.2.1:8000")

    assert load_settings().model_dump() == DEFAULTS


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.com",
        "https://login.example.com/",
        "https://login.example.com:8443/realms/office",
        "http://127.0.0.1:9400",
        "http://[::1]:9400",
        "http://localhost:9400",
    ],
)
def test_single_sign_on_is_set_by_three_settings(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    """The issuer stays as it is spelled; the secret is not shown where settings are printed."""
    for variable, text in (SINGLE_SIGN_ON | {"ATTENDANCE_OIDC_ISSUER": issuer}).items():
        monkeypatch.setenv(variable, text)

    loaded = load_settings()

    assert (loaded.oidc_issuer, loaded.oidc_client_id) == (issuer, "attendance")
    assert loaded.oidc_client_secret is not None
    assert loaded.oidc_client_secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(loaded)


@pytest.mark.parametrize("variable", SINGLE_SIGN_ON)
def test_half_of_a_single_sign_on_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """What is missing is named, and no secret is repeated."""
    for other, text in SINGLE_SIGN_ON.items():
        monkeypatch.setenv(other, "" if other == variable else text)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert str(refused.value) == f"{variable}: is not set; single sign-on needs all three of its settings"


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com",
        "http://127.0.0.1.example.com",
        "login.example.com",
        "https://",
        "https://user@login.example.com",
        "https://login.example.com?tenant=1",
        "https://login.example.com#x",
        "https://[login.example.com",
        "file:///etc/passwd",
    ],
)
def test_an_issuer_that_secrets_must_not_be_sent_to_is_refused(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    """An issuer is an https address; http will do on the machine itself, for a trial."""
    for variable, text in (SINGLE_SIGN_ON | {"ATTENDANCE_OIDC_ISSUER": issuer}).items():
        monkeypatch.setenv(variable, text)

    with pytest.raises(SettingsError, match=r"^ATTENDANCE_OIDC_ISSUER: ") as refused:
        load_settings()

    assert "s3cret" not in str(refused.value)


def test_settings_cannot_be_changed() -> None:
    """What was loaded at the start holds until the end."""
    loaded = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        loaded.port = 1  # type: ignore[misc]  # the claim is that it fails


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    """The table in docs/configuration.md has a row for each setting, with its default and its meaning."""
    field = Settings.model_fields[name]
    default = "none" if field.default is None else f"`{field.default}`"

    meaning = str(field.description).rstrip(".")

    row = re.search(rf"^\| `ATTENDANCE_{name.upper()}` \| (.*) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert row is not None
    assert row[1] == default
    assert row[2].replace("`", "").startswith(meaning)


def test_no_setting_is_documented_that_is_not_there() -> None:
    """A setting that was taken out is taken out of the documentation too."""
    documented = re.findall(r"ATTENDANCE_([A-Z_]+)", DOCUMENT)

    assert {name.lower() for name in documented} == set(Settings.model_fields)
