"""The sample hotels: who stays, what is charged, how it is paid. Always the same, down to the last won."""

from datetime import date, timedelta
from random import Random

from services.demo.catalogue import EXTRAS, HOTELS, LAST_FOLIO, ROOMS, Hotel
from services.demo.plan import FolioPlan, Planned
from services.demo.stays import ENDINGS, Stay, stays_in_house

FIRST_ARRIVAL = date(2026, 10, 1)
ARRIVAL_DAYS = 44
LAST_DAY = date(2026, 11, 20)


def accommodations() -> list[Planned]:
    """The commands that set the hotels up."""
    return [
        Planned(
            key=f"demo/{hotel.id}",
            actor=hotel.reception[0],
            method="PUT",
            path=f"/v1/accommodations/{hotel.id}",
            body={
                "name": hotel.name,
                "currency": hotel.currency,
                "timeZone": hotel.time_zone,
                "businessDayStartsAt": hotel.business_day_starts_at,
            },
            made="",
        )
        for hotel in HOTELS
    ]


def guest_folios() -> list[FolioPlan]:
    """Every stay in every hotel; none depends on another."""
    return [guest_folio(hotel, number) for hotel in HOTELS for number in range(1, hotel.stays + 1)]


def guest_folio(hotel: Hotel, number: int) -> FolioPlan:
    """One stay from the first night to the last payment."""
    random = Random(f"{hotel.id}/{number}")  # noqa: S311 - a sample, no secret
    ending = ENDINGS[(number - 1) % len(ENDINGS)]
    nights = random.randint(2, 5)
    arrival = FIRST_ARRIVAL + timedelta(random.randrange(ARRIVAL_DAYS))
    if ending is stays_in_house:
        arrival = LAST_DAY - timedelta(nights)
    stay = Stay(
        plan=FolioPlan(hotel, f"{hotel.id}-{number:04}"),
        hotel=hotel,
        random=random,
        departure=arrival + timedelta(nights),
        clerk=random.choice(hotel.reception),
        rooms=[],
        extras=[],
    )
    _post_rooms(stay, arrival, nights)
    _post_extras(stay, arrival, nights)
    _correct(stay)
    ending(stay)
    return stay.plan


def closing_folio() -> FolioPlan:
    """What is loaded last of all, so that it proves the rest."""
    hotel = HOTELS[0]
    plan = FolioPlan(hotel, LAST_FOLIO)
    plan.add_bill(hotel.reception[0], "연회장 대관 Banquet hall", hotel.price(2_400))
    return plan


def _post_rooms(stay: Stay, arrival: date, nights: int) -> None:
    room = stay.random.choice(ROOMS)
    for night in range(nights):
        day = arrival + timedelta(night)
        name = f"{room.name} {day:%m/%d}"
        rate = f"{day:%Y-%m} 공시 요금"
        price = stay.hotel.price(room.price)
        stay.rooms.append(stay.plan.add_bill(stay.hotel.night_auditor, name, price, originRateSnapshot=rate))


def _post_extras(stay: Stay, arrival: date, nights: int) -> None:
    charges = stay.random.choices(EXTRAS, k=stay.random.randint(5, 9))
    # By department: what one person posts can then go in one request.
    for charge in sorted(charges, key=lambda each: each.by):
        actor = stay.clerk if charge.by == "reception" else getattr(stay.hotel, charge.by)
        day = arrival + timedelta(stay.random.randrange(nights))
        stay.extras.append(stay.plan.add_bill(actor, f"{charge.name} {day:%m/%d}", stay.hotel.price(charge.price)))


def _correct(stay: Stay) -> None:
    """Half of the stays have a mistake or a complaint: the last extra is cancelled, deleted or made cheaper."""
    bill = stay.extras[-1]
    mishap = stay.random.choice(("", "", "", "not used", "wrong room", "late service"))
    if mishap == "not used":
        stay.plan.cancel_bill(stay.clerk, bill, "고객이 이용하지 않음")
    elif mishap == "wrong room":
        stay.plan.delete_bill(stay.clerk, bill, "다른 객실 청구를 잘못 입력")
    elif mishap == "late service":
        stay.plan.change_total(stay.clerk, bill, stay.plan.owed[bill] * 8 // 10, "서비스 지연으로 20% 할인")
