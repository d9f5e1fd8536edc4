"""Writes the tables of the group `regression`, and regression_sklearn.json: what scikit-learn reaches on them.

    python regression_sklearn.py VEGA [--tables ../../packages/experiments/data] [--out regression_sklearn.json]

VEGA is the folder `data` of the npm package vega-datasets 3.2.1. Rows are shuffled once, here; the five folds are those of
`KFold(5)` over the rows as they are in the files.
"""

import argparse
import json
import os
import warnings

import missing_packages

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from compact_json import dump

FOLDER = os.path.dirname(os.path.abspath(__file__))
FOLDS = KFold(5)


def diabetes(_):
    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns={'target': 'progression'})
    return table.astype({'sex': int, 'progression': int})


def penguins(vega):
    table = pd.DataFrame(json.load(open(os.path.join(vega, 'penguins.json'))))
    table.columns = ['species', 'island', 'bill_length', 'bill_depth', 'flipper_length', 'body_mass', 'sex']
    table = table[table.body_mass.notna()].astype({'flipper_length': int, 'body_mass': int})
    for column in ('species', 'island', 'sex'):
        table[column] = table[column].str.lower()
    return table.assign(sex=table.sex.where(table.sex.isin(['male', 'female'])))


def weather(vega):
    table = pd.read_csv(os.path.join(vega, 'weather.csv'))
    table = table.assign(day=pd.to_datetime(table.date).dt.day_of_year, location=table.location.str.lower())
    return table[['location', 'day', 'precipitation', 'temp_min', 'wind', 'weather', 'temp_max']]


def prepared(model):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy='most_frequent'), OneHotEncoder())
    is_number = make_column_selector(dtype_include=np.number)
    is_text = make_column_selector(dtype_exclude=np.number)
    pipeline = make_pipeline(make_column_transformer((numbers, is_number), (texts, is_text)), model)
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


def models():
    """MLPRegressor as it comes, and the best of twelve settings by folds within each training."""
    grid = {
        'hidden_layer_sizes': [(100,), (64, 64)],
        'alpha': [1e-4, 1, 10],
        'early_stopping': [False, True],
    }
    perceptron = MLPRegressor(random_state=0, max_iter=400)
    return {
        'MLPRegressor': prepared(MLPRegressor(random_state=0)),
        'MLPRegressor, the best of 12 settings': prepared(GridSearchCV(perceptron, grid, cv=3)),
        'HistGradientBoostingRegressor': prepared(HistGradientBoostingRegressor(random_state=0)),
        'RidgeCV': prepared(RidgeCV(np.logspace(-3, 3, 13))),
    }


def scores(model, x, y):
    scoring = dict(r2='r2', mae='neg_mean_absolute_error', rmse='neg_root_mean_squared_error')
    found = cross_validate(model, x, y, cv=FOLDS, scoring=scoring)
    return {name: np.abs(found[f'test_{name}']).round(5).tolist() for name in scoring}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('vega')
    parser.add_argument('--tables', default=os.path.join(FOLDER, '../../packages/experiments/data'))
    parser.add_argument('--out', default=os.path.join(FOLDER, 'regression_sklearn.json'))
    args = parser.parse_args()
    warnings.simplefilter('ignore', ConvergenceWarning)
    found = {}
    for table, target in ((diabetes, 'progression'), (penguins, 'body_mass'), (weather, 'temp_max')):
        name = table.__name__
        path = os.path.join(args.tables, f'{name}.csv')
        table(args.vega).sample(frac=1, random_state=0).to_csv(path, index=False)
        rows = pd.read_csv(path)
        x, y = rows.drop(columns=[target]), rows[target].astype(float)
        if name == 'diabetes':
            x = x.astype({'sex': str})
        found[name] = dict(rows=len(rows), target=target, **{each: scores(model, x, y) for each, model in models().items()})
        print(name, {each: np.mean(found[name][each]['rmse']).round(3) for each in models()})
    with open(args.out, 'w') as file:
        file.write(dump(found) + '\n')


if __name__ == '__main__':
    main()
