import gpjax as gpx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax as ox

jax.config.update("jax_enable_x64", True)
x = jnp.linspace(-3, 3, 60).reshape(-1, 1)
data = gpx.Dataset(X=x, y=jnp.sin(x) + 0.1 * jr.normal(jr.key(0), x.shape))
prior = gpx.gps.Prior(mean_function=gpx.mean_functions.Zero(), kernel=gpx.kernels.RBF())
posterior = prior * gpx.likelihoods.Gaussian(num_datapoints=60)
gpx.fit(model=posterior, objective=lambda p, d: -gpx.objectives.conjugate_mll(p, d), train_data=data, optim=ox.adam(0.01), num_iters=300,
        trainable=gpx.parameters.Parameter, key=jr.key(1))
