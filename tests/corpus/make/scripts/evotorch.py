import torch
from evotorch import Problem
from evotorch.algorithms import SNES
from evotorch.logging import StdOutLogger

problem = Problem("min", lambda x: torch.sum(x ** 2, dim=-1), solution_length=8, initial_bounds=(-1, 1), vectorized=True, seed=0)
searcher = SNES(problem, stdev_init=2.0, popsize=50)
StdOutLogger(searcher)
searcher.run(14)
