"""The query for one bill without a service around it: FastAPI and psycopg, one statement on the table that
the service answers from, the row as it is.

    DATABASE_URL=postgresql://... uvicorn read_peer:app --port 8400
"""

import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

pool = AsyncConnectionPool(
    os.environ["DATABASE_URL"], open=False, min_size=4, max_size=10, kwargs={"autocommit": True, "row_factory": dict_row}
)


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/v1/bills/{bill_id}")
async def get_bill(bill_id: str):
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT * FROM read_model.bills WHERE id = %s", [bill_id])
        row = await cursor.fetchone()
    if row is None:
        raise HTTPException(404, "DATA_NOT_FOUND_ON_ID")
    return row
