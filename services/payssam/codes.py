"""The provider's codes: what each of them means for what to do next.

The table follows the provider's code pages, and for the codes that these leave out what public integrations
met. Codes of V1 are numbers, those of V2 words; no code means two things, so that one table serves both.
"""

from services.collection.provider import Why

SUCCESS = "0000"

WHY_OF_CODE = {
    "9800": Why.ALREADY_USED,
    "9980": Why.NOT_FOUND,
    "BILL_003": Why.NOT_FOUND,
    "1201": Why.NO_POINTS,
    "POINT_001": Why.NO_POINTS,
    "BILL_006": Why.TRY_LATER,  # the bill cannot be sent in its present state
    "PAYMENT_001": Why.TRY_LATER,  # the card network is silent
    "PAYMENT_002": Why.TRY_LATER,  # the bank is silent
    "5000": Why.TRY_LATER,
    "ERROR": Why.TRY_LATER,
    "MAINTAINED_METHOD": Why.TRY_LATER,
    "9970": Why.OTHER,  # cancelled already
    "9971": Why.OTHER,  # paid already
    "9870": Why.OTHER,  # the callback's URL is wrong
    "1003": Why.OTHER,  # key, partner or merchant unknown, or without a contract
    "1020": Why.OTHER,
    "PARTNER_001": Why.OTHER,  # the partner may not use V2
    "PARTNER_002": Why.OTHER,
    "PARTNER_003": Why.OTHER,
    "PARTNER_004": Why.OTHER,
    "PARTNER_005": Why.OTHER,
    "PARTNER_006": Why.OTHER,
    "PARTNER_007": Why.OTHER,
    "9999": Why.OTHER,  # V1's code for whatever has none of its own
    "VALIDATION_001": Why.OTHER,  # a field is missing or malformed
    "VALIDATION_002": Why.OTHER,  # the hash is wrong
    "1010": Why.OTHER,  # the merchant is not open yet
    "1205": Why.OTHER,  # the amount is under the minimum
}
NAMES_NO_CAUSE = {"5000", "ERROR", "9999"}
HUNDREDS_BELIEVED = {2, 4}


def why_of(code: str) -> Why:
    """What a refusal with this code means; a code that nobody documents is OTHER.

    To try again may cost points or charge a guest twice, so it takes a documented code to say TRY_LATER.
    """
    return WHY_OF_CODE.get(code, Why.OTHER)


def leaves_open(status: int, code: str) -> bool:
    """Whether a reply with this HTTP status and code leaves open what the provider did."""
    # The code decides, whatever the status, as the provider documents; yet a server that breaks down may have
    # acted before. So outside 2xx and 4xx only a documented refusal that names its cause is believed, for then a
    # rule of the provider's stopped the request. Success is not, nor a code that nobody documents, nor one that
    # names no cause. To take an answer for unknown costs one `read`; to take an act for a refusal costs money.
    if status // 100 in HUNDREDS_BELIEVED:
        return False
    return code not in WHY_OF_CODE or code in NAMES_NO_CAUSE
