library(caret)
set.seed(1)
fit <- train(Species ~ ., data = iris, method = "knn", trControl = trainControl(method = "cv", number = 4, verboseIter = TRUE),
             tuneLength = 3)
