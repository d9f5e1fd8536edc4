"""scikit-learn: partial_fit over the whole data set, which is one epoch of Adam steps over shuffled batches."""

import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from serve import serve


def make(workload, pixels, labels):
    settings = dict(hidden_layer_sizes=workload.layers[1:-1], activation="relu", solver="adam", alpha=0,
                    learning_rate_init=1e-3, batch_size=workload.batchSize, random_state=0)
    x, y = pixels.reshape(-1, workload.layers[0]), labels.reshape(-1)
    classify = workload.kind == "classify"
    model = MLPClassifier(**settings) if classify else MLPRegressor(**settings)

    def run(steps):
        for _ in range(steps // len(pixels)):
            if classify:
                model.partial_fit(x, y, classes=range(10))
            else:
                model.partial_fit(x, x)
        return model.loss_

    return sklearn.__version__, len(pixels), run


serve(make)
