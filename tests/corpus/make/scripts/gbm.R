library(gbm)
set.seed(1)
x <- data.frame(a = rnorm(500), b = rnorm(500))
x$y <- x$a * 2 + rnorm(500) * 0.2
fit <- gbm(y ~ a + b, data = x, distribution = "gaussian", n.trees = 60, train.fraction = 0.8, verbose = TRUE)
