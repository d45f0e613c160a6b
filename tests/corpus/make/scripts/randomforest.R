library(randomForest)
set.seed(1)
fit <- randomForest(Species ~ ., data = iris, ntree = 100, do.trace = 10)
