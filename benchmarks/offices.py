"""Own the offices of a made-up company and the names of its people: only data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_DEFAULT = {"Present": "present", "Absent": "absent"}
_LEAVING = {**_DEFAULT, "Left": "left"}
_EVERY_DAY_BUT = "[mon, tue, wed, thu, fri]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office as it stands in sites.yaml, which names its people are from, and how many hours they stay."""

    site_id: str
    name: str
    timezone: str
    names: str
    prefix: str
    start: str = "09:00"
    grace_minutes: int = 10
    day_start: str = "00:00"
    workdays: str = _EVERY_DAY_BUT
    holidays: str = ""
    visitors: bool = False
    statuses: Mapping[str, str]
    hours: float = 8.5

    def label(self, kind: str) -> str:
        """Return what the office calls a kind of status; empty if it does not know it."""
        return next((label for label, known in self.statuses.items() if known == kind), "")


OFFICES: Sequence[Office] = (
    Office(
        site_id="london",
        name="London",
        timezone="Europe/London",
        names="europe",
        prefix="LON-",
        holidays="GB-ENG",
        visitors=True,
        statuses=_LEAVING,
    ),
    Office(
        site_id="kathmandu",
        name="Kathmandu",
        timezone="Asia/Kathmandu",
        names="nepal",
        prefix="KTM-",
        start="10:00",
        workdays="[sun, mon, tue, wed, thu]",
        holidays="NP",
        visitors=True,
        statuses=_DEFAULT,
    ),
    Office(
        site_id="berlin",
        name="Berlin, night shift",
        timezone="Europe/Berlin",
        names="europe",
        prefix="BER-",
        start="22:00",
        day_start="12:00",
        workdays="[wed, thu, fri, sat, sun]",
        holidays="DE-BE",
        statuses={"Da": "present", "Nicht da": "absent", "Gegangen": "left"},
    ),
    Office(
        site_id="new-york",
        name="New York",
        timezone="America/New_York",
        names="america",
        prefix="NYC-",
        holidays="US-NY",
        visitors=True,
        statuses=_LEAVING,
    ),
    Office(
        site_id="chatham",
        name="Chatham Islands",
        timezone="Pacific/Chatham",
        names="america",
        prefix="CHT-",
        start="08:00",
        holidays="NZ",
        statuses=_DEFAULT,
    ),
    Office(
        site_id="tokyo",
        name="東京",
        timezone="Asia/Tokyo",
        names="japan",
        prefix="00",
        holidays="JP",
        statuses={"出勤": "present", "欠勤": "absent", "退勤": "left"},
        hours=9.0,
    ),
    Office(
        site_id="mumbai",
        name="Mumbai, evening shift",
        timezone="Asia/Kolkata",
        names="india",
        prefix="MUM-",
        start="18:30",
        day_start="12:00",
        holidays="IN-MH",
        statuses=_LEAVING,
    ),
    Office(
        site_id="sao-paulo",
        name="São Paulo",
        timezone="America/Sao_Paulo",
        names="brazil",
        prefix="SAO-",
        holidays="BR-SP",
        statuses={"Presente": "present", "Ausente": "absent"},
    ),
    Office(
        site_id="casablanca",
        name="Casablanca",
        timezone="Africa/Casablanca",
        names="maghreb",
        prefix="CAS-",
        start="08:30",
        holidays="MA",
        visitors=True,
        statuses=_DEFAULT,
    ),
    Office(
        site_id="sydney",
        name="Sydney",
        timezone="Australia/Sydney",
        names="america",
        prefix="SYD-",
        holidays="AU-NSW",
        visitors=True,
        statuses=_LEAVING,
    ),
    Office(
        site_id="dubai",
        name="Dubai",
        timezone="Asia/Dubai",
        names="maghreb",
        prefix="DXB-",
        start="08:00",
        grace_minutes=15,
        holidays="AE",
        statuses=_LEAVING,
        hours=9.0,
    ),
    Office(
        site_id="honolulu",
        name="Honolulu",
        timezone="Pacific/Honolulu",
        names="america",
        prefix="HNL-",
        start="08:00",
        holidays="US-HI",
        statuses=_DEFAULT,
    ),
)

NAMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "europe": (
        ("Ana", "Björn", "Chloé", "Dário", "Elif", "Fergus", "Grace", "Hanna", "İbrahim", "Jürgen", "Łucja", "Zoë"),
        ("Martín", "O'Brien", "Müller", "Nowak", "Park", "Þórsson", "van Dijk", "Yılmaz", "Žukauskas", "Clarke"),
    ),
    "nepal": (
        ("आशा", "बिनोद", "दीपक", "गीता", "हरि", "कमला", "मनोज", "निर्मला", "प्रकाश", "सीता"),
        ("अधिकारी", "भट्टराई", "गुरुङ", "खड्का", "श्रेष्ठ", "तामाङ", "थापा", "राई"),
    ),
    "america": (
        (
            "Alex",
            "Brianna",
            "Carlos",
            "Dakota",
            "Emily",
            "Frank",
            "Gloria",
            "Hugo",
            "Ingrid",
            "Keanu",
            "Leilani",
            "Sam",
        ),
        ("Adams", "Brooks", "Castillo", "Diaz", "Evans", "Fisher", "Greene", "Harris", "Kealoha", "Nguyen", "Wiremu"),
    ),
    "japan": (
        ("葵", "翔太", "美咲", "健一", "由美子", "大輔", "さくら", "陽菜"),
        ("佐藤", "鈴木", "高橋", "田中", "渡辺", "小林", "山本", "中村"),
    ),
    "india": (
        ("Aarav", "Bhavna", "Chetan", "Divya", "Esha", "Farhan", "Gauri", "Harish", "Ishita", "Kavya", "Rohan"),
        ("Agarwal", "Bhosale", "Deshpande", "D'Souza", "Iyer", "Joshi", "Kulkarni", "Mehta", "Patil", "Shaikh"),
    ),
    "brazil": (
        ("Adriana", "Bruno", "Cauã", "Débora", "Estêvão", "Flávia", "Gustavo", "Inês", "João", "Letícia"),
        ("Almeida", "Barbosa", "Conceição", "da Silva", "Ferreira", "Gonçalves", "Magalhães", "Souza"),
    ),
    "maghreb": (
        ("أمينة", "يوسف", "فاطمة", "عمر", "سلمى", "كريم", "نادية", "طارق", "ليلى", "حسن"),
        ("العلوي", "بنعلي", "الإدريسي", "المنصوري", "الفاسي", "حداد", "الزهراني", "النجار"),
    ),
}
"""Given names and family names, as people of that part of the world write them."""

FAMILY_FIRST = frozenset({"japan"})
