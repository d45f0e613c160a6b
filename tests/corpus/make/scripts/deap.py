import random

import numpy as np
from deap import algorithms, base, creator, tools

random.seed(0)
creator.create("Best", base.Fitness, weights=(1.0,))
creator.create("Individual", list, fitness=creator.Best)
box = base.Toolbox()
box.register("bit", random.randint, 0, 1)
box.register("individual", tools.initRepeat, creator.Individual, box.bit, 60)
box.register("population", tools.initRepeat, list, box.individual)
box.register("evaluate", lambda x: (sum(x),))
box.register("mate", tools.cxTwoPoint)
box.register("mutate", tools.mutFlipBit, indpb=0.05)
box.register("select", tools.selTournament, tournsize=3)
stats = tools.Statistics(lambda x: x.fitness.values)
for name, how in ("avg", np.mean), ("min", np.min), ("max", np.max):
    stats.register(name, how)
algorithms.eaSimple(box.population(n=50), box, cxpb=0.5, mutpb=0.2, ngen=20, stats=stats, verbose=True)
