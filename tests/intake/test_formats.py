"""The two formats: which bills a file holds, on which lines, and what is wrong with its form."""

import io
import json
import tracemalloc
from typing import Any

import pytest

from services.intake.formats import Entry, read_csv
from services.intake.lines import LINE_BYTES_MAX, ImportFailed, check_encoding
from tests.conftest import PAID_AT
from tests.intake.exports import COLUMNS, SAMPLES, bill, csv, entries, entries_of_jsonl, jsonl, line


def ids(found: list[Entry]) -> list[tuple[int, str | None]]:
    return [(entry.line, entry.external_id) for entry in found]


def details(entry: Entry) -> list[tuple[int, str | None, str]]:
    return [(complaint.line, complaint.column, complaint.detail) for complaint in entry.complaints]


def row(entry: Entry) -> Any:
    return json.loads(entry.row)


def payment(amount: int) -> dict[str, Any]:
    return {"paymentMethod": "CASH", "amount": amount, "paidAt": PAID_AT}


def test_a_line_is_a_bill_in_the_form_of_the_api() -> None:
    (entry,) = entries(csv(line(total=-35000, paid=1)))
    assert row(entry) == bill(total=-35000, payments=[payment(1)])
    assert (entry.line, entry.end, entry.complaints) == (2, len(csv(line(total=-35000, paid=1))), ())


def test_following_lines_with_the_same_external_id_are_further_payments() -> None:
    found = entries(csv(line(paid=1), line(paid=2), f"A,,,,,CASH,3,{PAID_AT}", line("B")))
    assert ids(found) == [(2, "A"), (5, "B")]
    assert row(found[0]) == bill(payments=[payment(1), payment(2), payment(3)])
    assert found[0].place_of("/payments/2/amount") == ("paymentAmount", 4)
    assert row(found[1]) == bill("B")


def test_a_bill_without_a_payment_may_have_payments_on_the_next_lines() -> None:
    (entry,) = entries(csv(line(), line(paid=2)))
    assert row(entry) == bill(payments=[payment(2)])
    assert entry.place_of("/payments/0/paidAt") == ("paidAt", 3)


@pytest.mark.parametrize(
    ("second", "third"),
    [(line(), line("B")), (line(paid=1, hotel="OTHER"), line("B")), (line("B"), line(paid=1))],
    ids=["no payment", "another accommodation", "not the next line"],
)
def test_anything_else_is_a_bill_of_its_own(second: str, third: str) -> None:
    assert [entry.line for entry in entries(csv(line(), second, third))] == [2, 3, 4]


def test_payments_through_a_virtual_account_keep_it() -> None:
    header = f"{COLUMNS},bankCode,accountNumber,accountHolder"
    (entry,) = entries(csv(f"A,H,F,x,1,VIRTUAL_ACCOUNT,1,{PAID_AT},088,110-1,홍길동", header=header))
    account = {"bankCode": "088", "accountNumber": "110-1", "accountHolder": "홍길동"}
    assert row(entry)["payments"][0]["virtualAccounts"] == [account]
    assert entry.place_of("/payments/0/virtualAccounts/0/accountNumber") == ("accountNumber", 2)
    assert entry.place_of("/payments/0/virtualAccounts") == ("bankCode", 2)


def test_columns_stand_in_any_order_and_quoted_cells_hold_commas() -> None:
    header = "totalAmount, name,folioId ,externalId,accommodationId"
    (entry,) = entries(csv('1000,"바다, ""뷰""",F1,A,HOTEL', header=header))
    assert row(entry) == bill(name='바다, "뷰"')


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["LF", "CR LF"])
def test_marks_line_ends_and_empty_lines_do_not_matter(mark: bytes, ending: bytes) -> None:
    content = mark + csv("", line(), ",,,,,,,", "  ", line("B")).replace(b"\n", ending).removesuffix(ending)
    check_encoding(io.BytesIO(content))
    assert ids(entries(content)) == [(3, "A"), (6, "B")]
    assert row(entries(content)[1]) == bill("B")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (COLUMNS + ",guest", "Not known: 'guest'."),
        ("externalId,folioId,name", "Missing: accommodationId, totalAmount."),
        (COLUMNS + ",name,paidAt", "More than once: 'name', 'paidAt'."),
        (COLUMNS.replace(",", ";"), "Commas must separate them."),
        (COLUMNS + ',"', "A quotation mark is not closed"),
        (COLUMNS.replace(",", "\r"), "carriage return"),
        (COLUMNS + "\0", "NUL"),
    ],
)
def test_a_header_that_is_wrong_ends_the_import_and_says_why(header: str, said: str) -> None:
    with pytest.raises(ImportFailed, match=r"[Ll]ine 1, the header") as failed:
        entries(csv(line(), header=header))
    assert said in str(failed.value)


def test_a_header_that_is_wrong_names_what_is_allowed() -> None:
    with pytest.raises(ImportFailed, match=r"Needed are externalId, .* allowed are balanceAmount, .*accountHolder\.$"):
        entries(csv(line(), header="a"))


@pytest.mark.parametrize("amount", ["1000.0", '"1,000"', "1e3", "+5", " 5", "5 ", "\u0665", "1" * 19, "₩5", "0x5"])
def test_what_is_no_whole_number_is_no_amount(amount: str) -> None:
    written = amount.strip('"')
    (entry,) = entries(csv(line(total=amount, paid=amount)))
    assert [(at, column) for at, column, _ in details(entry)] == [(2, "totalAmount"), (2, "paymentAmount")]
    assert entry.complaints[0].detail.startswith(f"totalAmount: {written!r} is no amount")
    assert row(entry)["totalAmount"] == written
    assert not entry.unreadable


def test_a_quotation_mark_that_is_not_closed_spoils_its_bill_and_no_other() -> None:
    found = entries(csv(line(), 'B,HOTEL,F1,"객실료,1000,,,', line("B", paid=2), line("C")))
    assert ids(found) == [(2, "A"), (3, "B"), (5, "C")]
    assert details(found[1]) == [(3, None, "A quotation mark is not closed; a cell cannot hold a line break.")]
    assert row(found[1]) == 'B,HOTEL,F1,"객실료,1000,,,\n' + line("B", paid=2)
    assert [entry.unreadable for entry in found] == [False, True, False]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('A,HOTEL,F1,"x"y,1000,,,', "The quotation marks are wrong"),
        ("A,HOTEL,F1,x,1,000,,,", "The line has 9 cells, the header 8"),
        ("A,HOTEL", "The line has 2 cells, the header 8"),
        ("A,HOTEL,F1,x\ry,1000,,,", "carriage return"),
        ("A,HOTEL,F1,x\0,1000,,,", "NUL"),
        ("A," + "x" * LINE_BYTES_MAX, "longer than 64 KiB"),
    ],
)
def test_a_payment_that_cannot_be_read_keeps_its_whole_bill_out(broken: str, said: str) -> None:
    found = entries(csv(line(paid=1), broken, line(paid=3), line("B")))
    assert ids(found) == [(2, "A"), (5, "B")]
    ((at, _, detail),) = details(found[0])
    assert at == 3
    assert said in detail
    assert found[0].unreadable


def test_lines_of_one_bill_must_not_contradict_each_other() -> None:
    (entry,) = entries(csv(line(paid=1), line(total=2000, name="다른", paid=2)))
    assert details(entry) == [
        (3, "name", "name is '다른', but line 2 of the same bill says '객실료'."),
        (3, "totalAmount", "totalAmount is '2000', but line 2 of the same bill says '1000'."),
    ]
    assert entry.unreadable


def test_a_payment_without_an_external_id_keeps_the_bill_before_it_out() -> None:
    found = entries(csv(line(paid=1), f",,,,,CASH,3,{PAID_AT}", line("B")))
    assert ids(found) == [(2, "A"), (4, "B")]
    assert details(found[0]) == [
        (3, "externalId", "The payment names no externalId; it may belong to the bill of line 2.")
    ]


def test_a_bill_without_an_external_id_concerns_no_other() -> None:
    found = entries(csv(line(paid=1), line("", paid=2), line("B")))
    assert ids(found) == [(2, "A"), (3, None), (4, "B")]
    assert not any(entry.complaints for entry in found)


def test_a_bill_takes_500_payments() -> None:
    (entry,) = entries(csv(line(), *[line(paid=1)] * 500))
    assert len(row(entry)["payments"]) == 500
    assert not entry.complaints


@pytest.mark.parametrize("first", [line(), line(paid=1)], ids=["unpaid", "paid"])
@pytest.mark.parametrize("count", [501, 20_000])
def test_a_bill_takes_no_more_than_500_payments(first: str, count: int) -> None:
    file = io.BytesIO(csv(first, *[line(paid=1)] * count, line("B")))
    tracemalloc.start()
    try:
        found = list(read_csv(file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ids(found) == [(2, "A"), (count + 3, "B")]
    assert details(found[0]) == [(2, None, f"A bill takes at most 500 payments; lines 2 to {count + 2} are more.")]
    assert row(found[0]) == first
    assert peak < 3_000_000  # more than that are only counted


def test_a_line_may_be_64_kib_long() -> None:
    room = LINE_BYTES_MAX - len(line(name="").encode())
    longest, too_long = line(name="x" * room), line("B", name="x" * (room + 1))
    found = entries(csv(longest, too_long, line("C")))
    assert [len(entry.complaints) for entry in found] == [0, 1, 0]
    assert ids(found) == [(2, "A"), (3, "B"), (4, "C")]
    assert found[-1].end == len(csv(longest, too_long, line("C")))


def test_of_a_line_without_end_only_the_beginning_is_held() -> None:
    file = io.BytesIO(csv(line("A", name="x" * 10_000_000), line("B")))
    tracemalloc.start()
    try:
        found = list(read_csv(file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ids(found) == [(2, "A"), (3, "B")]
    assert peak < 20 * LINE_BYTES_MAX


def test_a_line_that_is_not_utf8_is_named_and_others_are_read() -> None:
    content = csv(line(), line("B", name="바다"), line("C")).replace("바다".encode(), "바다".encode("cp949"))
    check_encoding(io.BytesIO(content))
    found = entries(content)
    assert ids(found) == [(2, "A"), (3, "B"), (4, "C")]
    assert "CP949, which Korean Excel writes; save it as 'CSV UTF-8" in found[1].complaints[0].detail
    (broken,) = entries(csv(line(name="x")).replace(b",x,", b",\xff,"))
    assert "CP949" not in broken.complaints[0].detail
    assert "not UTF-8" in broken.complaints[0].detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            csv(line("A", name="x"), line("B")).decode().encode("cp949"),
            "from line 3 on it is CP949, which Korean Excel",
        ),
        (csv(line()).decode().encode("utf-16"), "UTF-16"),
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \n", "empty"),
    ],
)
def test_a_file_in_another_encoding_is_not_begun(content: bytes, said: str) -> None:
    with pytest.raises(ImportFailed, match=said):
        check_encoding(io.BytesIO(content))


@pytest.mark.parametrize("padding", [0, 1])
def test_another_encoding_is_told_also_when_the_part_looked_at_ends_within_a_character(padding: int) -> None:
    content = csv(line(name="x" * padding), line("B", name="바"), *[line("C", name="바" * 1_000)] * 200)
    with pytest.raises(ImportFailed, match=r"from line [23] on it is CP949"):
        check_encoding(io.BytesIO(content.decode().encode("cp949")))


def test_json_lines_hold_bills_as_the_api_takes_them() -> None:
    content = b"\n" + jsonl(bill(), bill("B", payments=[payment(1)])) + b"  \n"
    found = entries_of_jsonl(content)
    assert ids(found) == [(2, "A"), (3, "B")]
    assert row(found[1]) == bill("B", payments=[payment(1)])
    assert found[1].place_of("/payments/0/amount") == ("payments/0/amount", 3)


def test_the_row_of_a_reject_is_read_as_it_is_written() -> None:
    written = b'{"externalId":"A", "totalAmount": 1e3}'
    (entry,) = entries_of_jsonl(
        b'{"line":7,"externalId":"old","reason":"x","errors":[],"code":"y","row":' + written + b"}"
    )
    assert (entry.row, entry.external_id) == (written, "A")


def test_the_row_of_a_reject_that_is_text_stays_a_reject() -> None:
    (entry,) = entries_of_jsonl(jsonl({"line": 7, "externalId": "A", "row": 'A,"'}))
    assert entry.external_id == "A"
    assert entry.unreadable
    assert "correct them in the export" in entry.complaints[0].detail


def test_an_object_with_a_row_among_other_members_is_no_reject() -> None:
    (entry,) = entries_of_jsonl(jsonl(bill(row={})))
    assert row(entry) == bill(row={})


@pytest.mark.parametrize(
    "content",
    [b'{"externalId":', b"{'a':1}", b'{"a":NaN}', b"[" * 50_000, b'{"a":1} {"a":2}', b'{"a":"\xff"}', b"\0"],
    ids=["cut", "quotes", "NaN", "deep", "two", "not UTF-8", "NUL"],
)
def test_what_is_not_json_is_kept_as_text(content: bytes) -> None:
    broken, good = entries_of_jsonl(content + b"\n" + jsonl(bill()))
    assert broken.unreadable
    assert row(broken) == content.decode(errors="replace")
    assert ids([good]) == [(2, "A")]


def test_the_samples_are_as_they_are_documented() -> None:
    in_csv = entries((SAMPLES / "sample.csv").read_bytes())
    in_jsonl = entries_of_jsonl((SAMPLES / "sample.jsonl").read_bytes())
    assert [len(found) for found in (in_csv, in_jsonl)] == [12, 12]
    assert not any(entry.complaints for entry in in_csv + in_jsonl)
