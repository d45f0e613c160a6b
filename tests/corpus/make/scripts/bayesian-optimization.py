from bayes_opt import BayesianOptimization

search = BayesianOptimization(lambda lr, depth: -(lr - 0.1) ** 2 - (depth - 4) ** 2 / 10,
                              {"lr": (0.001, 1), "depth": (1, 9)}, random_state=1, verbose=2)
search.maximize(init_points=3, n_iter=9)
