import time

import optuna


def train(trial):
    time.sleep(0.05)
    return (trial.suggest_float("x", -5, 5) - 2) ** 2


optuna.logging.set_verbosity(optuna.logging.WARNING)
optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).optimize(train, n_trials=30, show_progress_bar=True)
