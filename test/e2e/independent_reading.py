"""Reads a file with Python's own modules and prints each record as the table should hold it.

Shares no code with Forebay: what the deployed pipeline wrote is compared with this, row by row. The file's name may
say .gz, and a third argument its encoding. Output: one JSON array of texts (or null, or an object for a map) a line,
in the file's order; numbers, dates and timestamps in the canonical text that `forebay query --format ndjson` prints.
"""
import csv
import datetime
import decimal
import gzip
import json
import sys
import xml.etree.ElementTree as etree


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


def double(value):
    return repr(float(value)).removesuffix(".0")


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
    # By name: a file may be without a field that others have.
    "sizes": dict(
        header=True,
        fields=dict(id=integer, qty=integer, a=null_or(text, ""), b=null_or(double, "")),
    ),
}


def decimal_of(places):
    return lambda value: str(decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-places)))


def rows_of_csv(layout, file):
    rules = LAYOUTS[layout]
    if "fields" in rules:
        for row in csv.DictReader(file):
            yield [read(row.get(name, "")) for name, read in rules["fields"].items()]
        return
    rows = csv.reader(file)
    if rules["header"]:
        next(rows)
    for row in rows:
        if len(row) != len(rules["columns"]):
            raise SystemExit(f"{layout}: a row of {len(row)} fields")
        yield [read(value) for read, value in zip(rules["columns"], row)]


def rows_of_cities(file):
    # Numbers as they are written: Python's float would round what the table must hold exactly.
    for city in json.load(file, parse_float=str, parse_int=str):
        yield [
            city["id"], city["name"], city["state_id"], city["level"],
            decimal_of(8)(city["latitude"]), decimal_of(8)(city["longitude"]),
            city["native"], city["population"], city["translations"], city["translations"].get("de"),
            timestamp(city["created_at"]), city["wikiDataId"],
        ]


def rows_of_cellphones(file):
    lines = [json.loads(line, parse_float=str, parse_int=str) for line in file if line.strip()]
    wanted = [lines[0].index(name) for name in ("asin", "brand", "title", "rating", "totalReviews", "prices")]
    for line in lines[1:]:
        row = [line[at] for at in wanted]
        row[3] = decimal_of(1)(row[3])
        yield row


MESSAGE = "{http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message}"
GENERIC = "{http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic}"


def rows_of_production_index(file):
    root = etree.parse(file).getroot()
    message = root.find(f"{MESSAGE}Header/{MESSAGE}ID").text

    def values(parent):
        found = parent.findall(f"{GENERIC}Value") if parent is not None else []
        return {value.get("id"): value.get("value") for value in found}

    for data in root.iter(f"{MESSAGE}DataSet"):
        for series in data.iter(f"{GENERIC}Series"):
            key, about = values(series.find(f"{GENERIC}SeriesKey")), values(series.find(f"{GENERIC}Attributes"))
            for seen in series.iter(f"{GENERIC}Obs"):
                yield [
                    seen.find(f"{GENERIC}ObsDimension").get("value"),
                    decimal_of(2)(seen.find(f"{GENERIC}ObsValue").get("value")),
                    values(seen.find(f"{GENERIC}Attributes")).get("OBS_STATUS"),
                    key["FREQ"], key["PRODUIT"], about["IDBANK"], about["TITLE"],
                    data.get("structureRef"), message,
                ]


OTHERS = {
    "cities": rows_of_cities,
    "cellphones": rows_of_cellphones,
    "production-index": rows_of_production_index,
}


def main(layout, path, encoding="utf-8"):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding=encoding, newline="") as file:
        rows = OTHERS[layout](file) if layout in OTHERS else rows_of_csv(layout, file)
        for row in rows:
            print(json.dumps(row))


if __name__ == "__main__":
    main(*sys.argv[1:])
