"""What the sample hotels are made of: hotels with their staff, rooms, charges, companies, banks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hotel:
    """An accommodation. `unit` is what 1,000 won are worth in the minor unit of its currency."""

    id: str
    name: str
    currency: str
    time_zone: str
    business_day_starts_at: str
    unit: int
    stays: int
    reception: tuple[str, ...]
    night_auditor: str
    restaurant: str
    housekeeping: str

    def price(self, units: int) -> int:
        """A price in the currency's minor unit."""
        return units * self.unit


@dataclass(frozen=True)
class Charge:
    """Something that guests are charged for. `price` is in units; `by` names who posts it, a field of Hotel."""

    name: str
    price: int
    by: str = "reception"


# Ids begin with DEMO, so that in a database with other records these can be told from them for good.
HOTELS = (
    Hotel(
        "DEMO-SEOUL", "서울 가든 호텔 Seoul Garden Hotel", "KRW", "Asia/Seoul", "05:00", 1_000, 80,
        ("김서연", "박지훈", "Emily Carter"), "이도윤", "최하은", "정미숙",
    ),
    Hotel(
        "DEMO-BUSAN", "부산 오션 호텔 Busan Ocean Hotel", "KRW", "Asia/Seoul", "04:00", 900, 64,
        ("강민준", "윤지아"), "조성호", "임수빈", "한영희",
    ),
    Hotel(
        "DEMO-JEJU", "제주 오름 리조트 Jeju Oreum Resort", "KRW", "Asia/Seoul", "06:00", 1_100, 48,
        ("고은별", "부태양", "Lucas Meyer"), "양현우", "문가영", "현순자",
    ),
    Hotel(
        "DEMO-FUKUOKA", "후쿠오카 하카타 호텔 Fukuoka Hakata Hotel", "JPY", "Asia/Tokyo", "05:00", 110, 24,
        ("田中 美咲", "오세훈"), "佐藤 健", "鈴木 さくら", "渡辺 陽子",
    ),
)  # fmt: skip

ROOMS = (
    Charge("스탠다드 더블 객실료", 120, "night_auditor"),
    Charge("디럭스 트윈 객실료", 165, "night_auditor"),
    Charge("온돌 패밀리 객실료", 190, "night_auditor"),
    Charge("오션뷰 스위트 객실료", 320, "night_auditor"),
)

EXTRAS = (
    Charge("조식 뷔페 2인", 56, "restaurant"),
    Charge("조식 뷔페 1인", 28, "restaurant"),
    Charge("룸서비스 비빔밥", 24, "restaurant"),
    Charge("룸서비스 클럽 샌드위치", 21, "restaurant"),
    Charge("라운지 바 칵테일", 36, "restaurant"),
    Charge("미니바 맥주·생수", 14, "housekeeping"),
    Charge("미니바 와인", 48, "housekeeping"),
    Charge("세탁 셔츠 3장", 18, "housekeeping"),
    Charge("드라이클리닝 정장", 25, "housekeeping"),
    Charge("주차 1일", 20),
    Charge("엑스트라 베드", 45),
    Charge("레이트 체크아웃", 50),
    Charge("스파 60분", 90),
    Charge("공항 셔틀", 15),
    Charge("회의실 2시간", 110),
)

COMPANIES = ("HANBIT", "MIRAE", "DONGHAE")
"""Companies with a folio in each hotel, to which business travellers' rooms are moved."""

GUESTS = ("홍길동", "김유나", "이준호", "박서준", "최은지", "장하나", "Olivia Smith", "山本 大輔")
BANK_CODES = ("004", "011", "020", "081", "088")

LAST_FOLIO = "DEMO-SEOUL-BANQUET"
"""Its one bill is posted after everything else: where it is found, the sample is complete."""
