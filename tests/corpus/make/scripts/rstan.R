library(rstan)
code <- "data { int n; vector[n] y; } parameters { real mu; } model { y ~ normal(mu, 1); }"
fit <- stan(model_code = code, data = list(n = 50, y = rnorm(50)), chains = 2, iter = 1000, seed = 1)
