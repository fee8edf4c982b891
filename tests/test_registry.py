"""A sound registry is read as it is written, and stays in force until a sound one takes its place."""

import re
from collections.abc import Callable
from datetime import time
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.clock import find_zone
from attendance.errors import Problem, RegistryError, UnknownSiteError
from attendance.model import Kind, MarkingRule, Plan, Site
from attendance.registry import Registry, RegistryFile, load_registry

ROOT = Path(__file__).parents[1]
SAMPLE = (ROOT / "sites.yaml").read_text()
DOCUMENT = (ROOT / "docs" / "configuration.md").read_text()

MINIMAL = "sites:\n  london:\n    name: London\n    timezone: Europe/London\n    csv: data/london.csv\n"
PARIS = "  paris:\n    name: Paris\n    timezone: Europe/Paris\n    csv: data/paris.csv\n"
FULL = """\
sites:
  london:
    name: London
    timezone: Europe/London
    csv: data/london.csv
    roster: data/london.roster.csv
    visitors: true
    statuses: {Present: present, Absent: absent, Gone home: left}
    day_start: "04:00"
    workdays: [sun, mon, tue]
    start: "09:30"
    grace_minutes: 10
    holidays: GB-ENG
    networks: [10.20.0.0/16, "fd00::/8"]
    marking: pin
"""

Load = Callable[[str], Registry]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a loader of a text as `sites.yaml`."""

    def load_text(text: str) -> Registry:
        (tmp_path / "sites.yaml").write_text(text)
        return load_registry(tmp_path / "sites.yaml")

    return load_text


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One path for all examples of a property."""
    return tmp_path_factory.mktemp("properties") / "sites.yaml"


def _with(line: str) -> str:
    """Return the smallest registry with one more line in the block of its site."""
    return f"{MINIMAL}    {line}\n"


# What is read


@pytest.mark.parametrize("label", ["Présent", "उपस्थित", "มาทำงาน", "In 2", "上班"])
def test_a_status_may_be_in_any_script(tmp_path: Path, label: str) -> None:
    """Letters, the marks on them, digits and spaces make a status."""
    path = tmp_path / "sites.yaml"
    block = f"{{name: A, timezone: Asia/Kolkata, csv: a.csv, statuses: {{{label}: present}}}}"
    path.write_text(f"sites: {{a: {block}}}\n", encoding="utf-8")

    site = load_registry(path).resolve("a")

    assert list(site.statuses) == [label]


def test_the_sample_has_at_least_eight_sites_in_the_zones_it_names() -> None:
    """The registry that comes with the program loads, and shows zones that others get wrong."""
    registry = load_registry(ROOT / "sites.yaml")

    zones = {site_id: site.timezone for site_id, site in registry.sites.items()}
    assert zones == {
        "london": "Europe/London",
        "new-york": "America/New_York",
        "sao-paulo": "America/Sao_Paulo",
        "casablanca": "Africa/Casablanca",
        "kolkata": "Asia/Kolkata",
        "kathmandu": "Asia/Kathmandu",
        "lord-howe": "Australia/Lord_Howe",
        "auckland": "Pacific/Auckland",
        "chatham": "Pacific/Chatham",
    }
    assert all(site.zone is find_zone(site.timezone) for site in registry.sites.values())
    assert all(site.csv_path == ROOT / "data" / f"{site_id}.csv" for site_id, site in registry.sites.items())


def test_every_key_is_read(load: Load, tmp_path: Path) -> None:
    """A site with all keys is the site that they describe."""
    registry = load(FULL)

    assert registry.resolve("london") == Site(
        site_id="london",
        name="London",
        timezone="Europe/London",
        zone=find_zone("Europe/London"),
        csv_path=tmp_path / "data" / "london.csv",
        roster_path=tmp_path / "data" / "london.roster.csv",
        visitors=True,
        statuses={"Present": Kind.PRESENT, "Absent": Kind.ABSENT, "Gone home": Kind.LEFT},
        day_start=time(4),
        plan=Plan(workdays=frozenset({6, 0, 1}), start_time=time(9, 30), grace_minutes=10, holidays="GB-ENG"),
        networks=(ip_network("10.20.0.0/16"), ip_network("fd00::/8")),
        marking=MarkingRule.PIN,
    )


def test_keys_that_are_left_out_have_their_defaults(load: Load) -> None:
    """A site needs three keys; the rest is what most sites mean."""
    site = load(MINIMAL).resolve("london")

    assert site.roster_path is None
    assert not site.visitors
    assert site.statuses == {"Present": Kind.PRESENT, "Absent": Kind.ABSENT}
    assert site.day_start == time(0)
    assert site.plan == Plan(workdays=frozenset({0, 1, 2, 3, 4}), start_time=None, grace_minutes=0, holidays=None)
    assert site.networks == ()
    assert site.marking is MarkingRule.OPEN


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (["networks: [10.20.0.0/16]"], MarkingRule.NETWORK),
        (["networks: []"], MarkingRule.OPEN),
        (["networks: [10.20.0.0/16]", "marking: open"], MarkingRule.OPEN),
        (["marking: network", "networks: [10.20.0.0/16]"], MarkingRule.NETWORK),
        (["marking: kiosk"], MarkingRule.KIOSK),
        (["marking: kiosk", "networks: [10.20.0.0/16]"], MarkingRule.KIOSK),
        (["marking: code"], MarkingRule.CODE),
        (["marking: pin", "roster: data/london.roster.csv"], MarkingRule.PIN),
    ],
)
def test_networks_limit_unless_the_rule_says_otherwise(load: Load, lines: list[str], rule: MarkingRule) -> None:
    """Whoever writes down networks and nothing else means that marks come from there."""
    registry = load(MINIMAL + "".join(f"    {line}\n" for line in lines))

    assert registry.resolve("london").marking is rule


def test_two_sites_may_share_a_roster_and_its_pins(load: Load) -> None:
    """It is one list of people, who have one PIN each."""
    roster = "    roster: data/staff.csv\n"

    registry = load(MINIMAL + roster + PARIS + roster)

    assert registry.resolve("london").roster_path == registry.resolve("paris").roster_path


def test_sites_and_statuses_keep_the_order_of_the_file(load: Load) -> None:
    """Pages show sites and statuses as whoever wrote the file ordered them."""
    registry = load(MINIMAL.replace("london:", "zurich:") + "    statuses: {Out: left, In: present}\n" + PARIS)

    assert list(registry.sites) == ["zurich", "paris"]
    assert list(registry.resolve("zurich").statuses) == ["Out", "In"]


@pytest.mark.parametrize(
    ("line", "attribute", "expected"),
    [
        ("visitors: yes", "visitors", True),
        ("visitors: Off", "visitors", False),
        ("networks: []", "networks", ()),
        ("networks: [10.0.0.1]", "networks", (ip_network("10.0.0.1/32"),)),
        ('day_start: "23:59"', "day_start", time(23, 59)),
        ("day_start: '00:00'", "day_start", time(0)),
        ("workdays: []", "plan", Plan(workdays=frozenset())),
        ("workdays: [mon, mon]", "plan", Plan(workdays=frozenset({0}))),
        ("grace_minutes: 1440", "plan", Plan(grace_minutes=1440)),
        ("holidays: DE", "plan", Plan(holidays="DE")),
        ("holidays: 'NO'", "plan", Plan(holidays="NO")),
        ("statuses: {Présent: present}", "statuses", {"Présent": Kind.PRESENT}),
    ],
)
def test_values_at_the_edge_are_read(load: Load, line: str, attribute: str, expected: object) -> None:
    """What is allowed is read as it is meant."""
    site = load(_with(line)).resolve("london")

    assert getattr(site, attribute) == expected


def test_a_name_loses_only_the_spaces_around_it(load: Load) -> None:
    """Names of sites are shown in every script."""
    registry = load(MINIMAL.replace("name: London", 'name: "  São Paulo · 圣保罗 "'))

    assert registry.resolve("london").name == "São Paulo · 圣保罗"


@pytest.mark.parametrize("site_id", ["a", "7-up", "x" * 63])
def test_a_site_id_has_small_letters_digits_and_hyphens(load: Load, site_id: str) -> None:
    """A site ID stands in an address without any escape."""
    registry = load(MINIMAL.replace("london:", f"{site_id}:"))

    assert registry.resolve(site_id).site_id == site_id


def test_a_byte_order_mark_and_crlf_are_passed_over(tmp_path: Path) -> None:
    """A registry that was saved on Windows is read."""
    path = tmp_path / "sites.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    registry = load_registry(path)

    assert registry.resolve("london").csv_path == tmp_path / "data" / "london.csv"


def test_an_absolute_path_below_the_folder_is_read(load: Load, tmp_path: Path) -> None:
    """A path may be written in full where it leads to the same place."""
    registry = load(MINIMAL.replace("data/london.csv", str(tmp_path / "london.csv")))

    assert registry.resolve("london").csv_path == tmp_path / "london.csv"


def test_the_registry_may_be_named_by_a_way_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the registry lies is up to whoever names it; only the paths inside it stay below its folder."""
    (tmp_path / "sites.yaml").write_text(MINIMAL)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    registry = load_registry(Path("../sites.yaml"))

    assert registry.path.is_absolute()
    assert registry.resolve("london").csv_path.resolve() == tmp_path / "data" / "london.csv"


def test_files_that_are_there_already_are_taken(load: Load, tmp_path: Path) -> None:
    """After the first mark the ledger and its folder are there, and the registry still loads."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "london.csv").touch()
    (tmp_path / "data" / "london.amendments.csv").touch()

    registry = load(MINIMAL + PARIS)

    assert list(registry.sites) == ["london", "paris"]


def test_two_sites_may_share_a_roster(load: Load) -> None:
    """A roster is only read, so one may stand for the sites of one town."""
    registry = load(_with("roster: staff.csv") + PARIS + "    roster: staff.csv\n")

    assert registry.resolve("london").roster_path == registry.resolve("paris").roster_path


@pytest.mark.parametrize("site_id", ["oslo", "London", "", "../london", "london\0"])
def test_an_unknown_site_is_refused(load: Load, site_id: str) -> None:
    """A site is found by exactly its ID; nothing else is tried."""
    registry = load(MINIMAL)

    with pytest.raises(UnknownSiteError):
        registry.resolve(site_id)


def test_the_sites_cannot_be_changed(load: Load) -> None:
    """What was loaded is frozen."""
    registry = load(MINIMAL)

    with pytest.raises(TypeError):
        registry.sites["oslo"] = registry.sites["london"]  # type: ignore[index]  # the claim is that it fails


# Reload


def test_a_new_site_appears_after_a_reload(tmp_path: Path) -> None:
    """A site that was added to the file is in force without a restart."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL)
    registry_file = RegistryFile(path)
    path.write_text(MINIMAL + PARIS)

    registry_file.reload()

    assert list(registry_file.current.sites) == ["london", "paris"]
    assert registry_file.problems == ()


def test_a_changed_key_is_in_force_after_a_reload(tmp_path: Path) -> None:
    """A reload takes the whole file."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL)
    registry_file = RegistryFile(path)
    path.write_text(_with("visitors: true"))

    registry_file.reload()

    assert registry_file.current.resolve("london").visitors


def test_a_broken_file_leaves_the_old_registry_in_force(tmp_path: Path) -> None:
    """A reload of a broken file raises, keeps what was there, and remembers what is wrong."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL)
    registry_file = RegistryFile(path)
    before = registry_file.current
    path.write_text(MINIMAL + PARIS.replace("Europe/Paris", "Europe/Pariss"))

    with pytest.raises(RegistryError):
        registry_file.reload()

    assert registry_file.current is before
    [problem] = registry_file.problems
    assert problem.line == 8
    assert "did you mean Europe/Paris " in problem.hint


def test_a_file_that_went_away_leaves_the_old_registry_in_force(tmp_path: Path) -> None:
    """A registry that cannot be read changes nothing either."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL)
    registry_file = RegistryFile(path)
    path.unlink()

    with pytest.raises(RegistryError, match="No such file"):
        registry_file.reload()

    assert list(registry_file.current.sites) == ["london"]


def test_a_mended_file_clears_the_problems(tmp_path: Path) -> None:
    """The next sound file is in force, and nothing is wrong any more."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL)
    registry_file = RegistryFile(path)
    path.write_text("sites: {")
    with pytest.raises(RegistryError):
        registry_file.reload()
    path.write_text(MINIMAL + PARIS)

    registry_file.reload()

    assert list(registry_file.current.sites) == ["london", "paris"]
    assert registry_file.problems == ()


def test_a_removed_site_is_refused_by_a_reload(tmp_path: Path) -> None:
    """A site that people may be marking at does not vanish: that takes a restart."""
    path = tmp_path / "sites.yaml"
    path.write_text(MINIMAL + PARIS)
    registry_file = RegistryFile(path)
    path.write_text(MINIMAL)

    with pytest.raises(RegistryError, match="missing now: paris"):
        registry_file.reload()

    assert list(registry_file.current.sites) == ["london", "paris"]
    [problem] = registry_file.problems
    assert "restart the server" in problem.hint


def test_a_registry_that_is_broken_from_the_start_is_refused(tmp_path: Path) -> None:
    """There is no old registry to keep, so nothing starts."""
    with pytest.raises(RegistryError):
        RegistryFile(tmp_path / "sites.yaml")


def test_a_reload_finds_the_file_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is taken once, at the start."""
    (tmp_path / "sites.yaml").write_text(MINIMAL)
    monkeypatch.chdir(tmp_path)
    registry_file = RegistryFile(Path("sites.yaml"))
    monkeypatch.chdir("/")

    registry_file.reload()

    assert registry_file.current.path == tmp_path / "sites.yaml"


# Whatever stands in the file

PIECES = st.text(max_size=4) | st.sampled_from(
    [
        *(":", ": ", "- ", "[", "]", "{", "}", ",", "? ", "| \n", "> \n", "#", "%", "---\n", "...\n", "\t", "\n", "\r"),
        *("&a ", "*a", "!!int ", "!!bool ", "!x ", "<<: ", "'", '"', "\0", "\ufeff", "\u2028", "\x85", "\\", "=", "~"),
        *("no", "18:00", "1e9", "2026-01-01", "../", "/", ".", "x" * 300, "start: ", "statuses: {", "networks: ["),
        *("    roster: data/london.csv\n", "    visitors: !!bool x\n", "    workdays: [[[[[[[[\n", "  london:\n"),
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """Return the full registry after up to four cuts and insertions."""
    text = FULL + PARIS
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(start + draw(st.integers(0, 30)), len(text))
        text = text[:start] + draw(PIECES) + text[end:]
    return text


def _check(path: Path, source: bytes) -> None:
    """Load what stands in the file, and check what the refusal says, if it is one."""
    path.write_bytes(source)
    sites: list[Site] = []
    problems: list[Problem] = []
    try:
        sites.extend(load_registry(path).sites.values())
    except RegistryError as error:
        problems.extend(error.problems)

    assert bool(sites) != bool(problems)
    assert all(path.parent in site.csv_path.parents for site in sites)
    assert all(problem.line >= 1 and problem.column >= 1 and str(problem).isprintable() for problem in problems)


@settings(max_examples=300, deadline=None)
@given(text=mutations())
def test_no_mutation_of_a_registry_raises_anything_else(scratch: Path, text: str) -> None:
    """Whatever was mistyped, the registry loads or is refused with its mistakes."""
    _check(scratch, text.encode(errors="surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(text=st.text() | st.lists(PIECES).map("".join))
def test_no_text_raises_anything_else(scratch: Path, text: str) -> None:
    """Whatever text stands in the file, it loads or is refused with its mistakes."""
    _check(scratch, text.encode(errors="surrogatepass"))


@settings(max_examples=100, deadline=None)
@given(source=st.binary())
def test_no_bytes_raise_anything_else(scratch: Path, source: bytes) -> None:
    """Whatever bytes stand in the file, they load or are refused with their mistakes."""
    _check(scratch, source)


# The documentation


def test_every_key_is_documented(load: Load) -> None:
    """The table of keys in docs/configuration.md misses none and knows none that is not there."""
    with pytest.raises(RegistryError) as caught:
        load(_with("colour: red"))
    known = caught.value.problems[0].hint.removeprefix("known are: ").split(", ")

    section = DOCUMENT.partition("## The registry")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == known


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(sites:.*?)```", DOCUMENT, re.DOTALL))
def test_the_examples_of_the_documentation_load(load: Load, example: str) -> None:
    """Whoever copies an example gets a sound registry."""
    registry = load(example)

    assert registry.sites


def test_the_folder_of_closed_months_is_no_obstacle(load: Load, tmp_path: Path) -> None:
    """A site whose months were closed is served after the next start as well."""
    (tmp_path / "data" / "london.closed").mkdir(parents=True)

    assert list(load(MINIMAL).sites) == ["london"]
