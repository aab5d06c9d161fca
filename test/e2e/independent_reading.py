"""Reads a CSV file (its name may say .gz, and a third argument its encoding) with Python's own csv module and prints each row as the table should hold it.

Shares no code with Forebay: what the deployed pipeline wrote is compared with this, row by row.
Output: one JSON array of texts (or null) a line, in the file's order; numbers, dates and timestamps in the
canonical text that `forebay query --format ndjson` prints.
"""
import csv
import datetime
import decimal
import gzip
import json
import sys


def text(value):
    return value


def integer(value):
    return str(int(value))


def decimal_1(value):
    return str(decimal.Decimal(value).quantize(decimal.Decimal("0.1")))


def boolean(value):
    return {"True": "true", "False": "false"}[value]


def date(value):
    return datetime.date.fromisoformat(value).isoformat()


def timestamp(value):
    return datetime.datetime.fromisoformat(value).isoformat(sep=" ")


def null_or(read, *nulls):
    return lambda value: None if value in nulls else read(value)


LAYOUTS = {
    "congress-terms": dict(
        header=True,
        columns=[
            integer, text, text, text, null_or(text, ""), text, null_or(text, ""),
            date, text, text, text, date, decimal_1,
        ],
    ),
    "tweets": dict(header=True, columns=[timestamp, boolean, integer, text, boolean, text, text]),
    "routes": dict(
        header=False,
        columns=[
            text, null_or(integer, "\\N"), text, null_or(integer, "\\N"), text, null_or(integer, "\\N"),
            null_or(text, "", "\\N"), integer, null_or(text, "", "\\N"),
        ],
    ),
}


def main(layout, path, encoding="utf-8"):
    rules = LAYOUTS[layout]
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding=encoding, newline="") as file:
        rows = csv.reader(file)
        if rules["header"]:
            next(rows)
        for row in rows:
            if len(row) != len(rules["columns"]):
                raise SystemExit(f"{path}: a row of {len(row)} fields")
            print(json.dumps([read(value) for read, value in zip(rules["columns"], row)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
