from skopt import gp_minimize

gp_minimize(lambda p: (p[0] - 1) ** 2 + p[1], [(-3.0, 3.0), (0.0, 2.0)], n_calls=14, n_initial_points=5, verbose=True,
            random_state=0)
