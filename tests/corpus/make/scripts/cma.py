import cma

cma.fmin2(cma.ff.rosen, 6 * [0.1], 0.3, {"seed": 3, "maxiter": 300, "verb_log": 0})
