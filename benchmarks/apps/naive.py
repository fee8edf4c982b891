"""What a user would write instead: open, csv.writer, close, in a thread; no lock, no flush, no repeat check."""

import csv
from datetime import datetime
from pathlib import Path

import pytz
from fastapi import FastAPI
from pydantic import BaseModel

LONDON = pytz.timezone("Europe/London")
DATA = Path("data")
DATA.mkdir(exist_ok=True)


class Mark(BaseModel):
    """The body of a mark."""

    employee_id: str
    name: str = ""
    status: str


app = FastAPI()


@app.post("/sites/{site}/attendance", status_code=201)
def mark(site: str, body: Mark) -> dict[str, object]:
    """Append one row to the site's file."""
    timestamp = datetime.now(LONDON).isoformat(timespec="seconds")
    with (DATA / f"{site}.csv").open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([timestamp, body.employee_id, body.name, body.status])
    return {
        "site": site,
        "timezone": "Europe/London",
        "timestamp": timestamp,
        "work_date": timestamp[:10],
        "employee_id": body.employee_id,
        "name": body.name,
        "status": body.status,
        "repeated": False,
    }
