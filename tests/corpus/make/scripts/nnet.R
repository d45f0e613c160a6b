library(nnet)
set.seed(1)
fit <- nnet(Species ~ ., data = iris, size = 4, maxit = 120)
