from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.optimize import minimize
from pymoo.problems import get_problem

minimize(get_problem("ackley", n_var=5), GA(pop_size=20), ("n_gen", 25), seed=1, verbose=True)
