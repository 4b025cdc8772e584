"""The least that any service of this kind does: check a bill's body and give it back. No database.

    uvicorn echo_peer:app --port 8500
"""

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class NewBill(BaseModel):
    accommodationId: str
    name: str = Field(min_length=1, max_length=200)
    totalAmount: int
    reservationId: str | None = None


@app.post("/v1/folios/{folio_id}/bills", status_code=201)
async def add_bill(folio_id: str, new: NewBill):
    return {"folioId": folio_id, **new.model_dump()}
