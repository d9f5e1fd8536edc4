"""Writes preparation_sklearn.json: a table with missing values, and what scikit-learn prepares it as, in float64.

Numbers are multiples of 1/64, so float32 holds them exactly. Columns have ties; null is missing. Two rows are held out:
statistics are of the others, and one of the two has a category that the others have not.

    python preparation_sklearn.py [--out preparation_sklearn.json]
"""

import argparse
import os

import missing_packages

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROWS, HELD_OUT = 24, 2


def listed(values):
    return [[None if np.isnan(value) else value for value in row] for row in np.asarray(values, float).tolist()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(FOLDER, "preparation_sklearn.json"))
    rng = np.random.default_rng(11)
    numbers = np.stack(
        [
            np.round(rng.normal(100, 20, ROWS) * 4) / 4,
            np.round(rng.exponential(2, ROWS) * 2) / 2,
            rng.integers(0, 3, ROWS).astype(float),
        ],
        axis=1,
    )
    numbers[rng.uniform(size=numbers.shape) < 0.2] = np.nan
    kinds = np.array(["fir", "ash", "oak"])[rng.integers(0, 3, ROWS)].astype(object)
    kinds[-1] = "elm"
    train, texts = numbers[:-HELD_OUT], kinds[:-HELD_OUT].reshape(-1, 1)
    imputers = {
        name: SimpleImputer(strategy=strategy).fit(train)
        for name, strategy in [("mean", "mean"), ("median", "median"), ("mostFrequent", "most_frequent")]
    }
    scaler, bounds = StandardScaler().fit(train), MinMaxScaler().fit(train)
    logs = StandardScaler().fit(np.log1p(train))
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(texts)
    imputed = imputers["mean"].transform(numbers)
    expected = dict(
        **{name: imputer.statistics_.tolist() for name, imputer in imputers.items()},
        deviation=scaler.scale_.tolist(),
        least=bounds.data_min_.tolist(),
        most=bounds.data_max_.tolist(),
        logMean=logs.mean_.tolist(),
        logDeviation=logs.scale_.tolist(),
        imputed={name: imputer.transform(numbers).tolist() for name, imputer in imputers.items()},
        standardized=scaler.transform(imputed).tolist(),
        minMax=bounds.transform(imputed).tolist(),
        log1p=np.log1p(imputed).tolist(),
        categories=encoder.categories_[0].tolist(),
        oneHot=encoder.transform(kinds.reshape(-1, 1)).tolist(),
    )
    result = dict(heldOut=HELD_OUT, numbers=listed(numbers), kinds=kinds.tolist(), expected=expected)
    with open(parser.parse_args().out, "w") as file:
        file.write(dump(result) + "\n")


if __name__ == "__main__":
    main()
