library(MCMCpack)
set.seed(1)
fit <- MCMCregress(Sepal.Length ~ Sepal.Width, data = iris, burnin = 500, mcmc = 2000, verbose = 250)
