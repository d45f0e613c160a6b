from mealpy import FloatVar, PSO

problem = {"obj_func": lambda x: (x ** 2).sum(), "bounds": FloatVar(lb=[-10.0] * 5, ub=[10.0] * 5), "minmax": "min"}
PSO.OriginalPSO(epoch=20, pop_size=20).solve(problem, seed=1)
