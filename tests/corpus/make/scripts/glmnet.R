library(glmnet)
set.seed(1)
x <- matrix(rnorm(40000), 400)
fit <- cv.glmnet(x, x[, 1] + rnorm(400), trace.it = 1, nfolds = 3)
