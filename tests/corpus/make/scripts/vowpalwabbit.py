import random

import vowpalwabbit

random.seed(0)
with open("data.txt", "w") as f:
    for _ in range(3000):
        a, b = random.random(), random.random()
        f.write(f"{1 if a > b else -1} | a:{a:.3f} b:{b:.3f}\n")
vowpalwabbit.Workspace("-d data.txt --loss_function logistic --passes 3 -c --holdout_off", quiet=False).finish()
