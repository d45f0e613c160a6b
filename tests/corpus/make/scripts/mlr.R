library(mlr)
set.seed(1)
task <- makeClassifTask(data = iris, target = "Species")
r <- resample("classif.rpart", task, makeResampleDesc("CV", iters = 6))
