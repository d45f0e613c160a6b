import optuna

optuna.create_study().optimize(lambda trial: (trial.suggest_float("x", -5, 5) - 2) ** 2, n_trials=6)
