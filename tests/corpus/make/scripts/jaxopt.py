import jax.numpy as jnp
import jaxopt

jaxopt.LBFGS(fun=lambda w: jnp.sum((w - 3.0) ** 4), maxiter=12, verbose=True, implicit_diff=False, jit=False).run(jnp.zeros(4))
