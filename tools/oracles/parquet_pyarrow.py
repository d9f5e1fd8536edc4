"""Writes parquet_pyarrow/: the same table as Parquet files of every compression, page version and encoding, by pyarrow.

    python parquet_pyarrow.py [--out parquet_pyarrow]

<name>.parquet   300 rows in row groups of 128: numbers of all widths, texts, truth values, decimals, missing values
nested.parquet   a list, a structure and a time beside a number
table.json       the columns as numbers and texts; null where a value is missing
"""

import argparse
import decimal
import json
import math
import os

import missing_packages

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 300
# A name, and what pyarrow is told.
FORMS = {
    "none": {"compression": "none"},
    "snappy": {"compression": "snappy"},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "zstd": {"compression": "zstd"},
    "lz4": {"compression": "lz4"},
    "pages-v2": {"compression": "snappy", "data_page_version": "2.0"},
    "plain": {"compression": "none", "use_dictionary": False},
    "delta": {
        "compression": "none",
        "use_dictionary": False,
        "column_encoding": {"count": "DELTA_BINARY_PACKED", "kind": "DELTA_BYTE_ARRAY", "size": "BYTE_STREAM_SPLIT"},
    },
}


def columns():
    rows = range(ROWS)
    return {
        "size": pa.array([round(math.sin(i) * 100, 3) for i in rows], pa.float64()),
        "ratio": pa.array([math.cos(i) for i in rows], pa.float32()),
        "count": pa.array([(i * 7919) % 1000 - 500 for i in rows], pa.int32()),
        "large": pa.array([(i * 104729) % 16777216 for i in rows], pa.int64()),
        "small": pa.array([i % 128 for i in rows], pa.int8()),
        "price": pa.array([decimal.Decimal(i * 25) / 100 for i in rows], pa.decimal128(9, 2)),
        "gap": pa.array([None if i % 11 == 3 else i / 8 for i in rows], pa.float64()),
        "kind": pa.array([["rose", "aster", "päonie"][i % 3] for i in rows], pa.string()),
        "sold": pa.array([i % 5 == 0 for i in rows], pa.bool_()),
    }


def plain(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "parquet_pyarrow"))
    out = parser.parse_args().out
    os.makedirs(out, exist_ok=True)
    table = pa.table(columns())
    for name, options in FORMS.items():
        pq.write_table(table, os.path.join(out, f"{name}.parquet"), row_group_size=128, **options)
    nested = pa.table(
        {
            "x": pa.array([1.0, 2.0]),
            "list": pa.array([[1, 2], [3]], pa.list_(pa.int32())),
            "part": pa.array([{"a": 1}, {"a": 2}]),
            "time": pa.array([0, 1], pa.timestamp("ms")),
        }
    )
    pq.write_table(nested, os.path.join(out, "nested.parquet"))
    values = {name: [plain(value) for value in column.to_pylist()] for name, column in columns().items()}
    with open(os.path.join(out, "table.json"), "w") as file:
        file.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
