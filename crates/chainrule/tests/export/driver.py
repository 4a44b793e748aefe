"""Runs exported modules at given points and prints values and gradients as JSON."""

import importlib
import json
import sys

import numpy as np

library = sys.argv[1]
if library == 'jax':
    import jax
    import jax.numpy as jnp

    jax.config.update('jax_enable_x64', True)
if library == 'torch':
    import torch


def array(value):
    kind = np.int64 if value['label'] else np.float64
    out = np.array(value['data'], dtype=kind).reshape(value['shape'])
    if library == 'jax':
        return jnp.asarray(out)
    if library == 'torch':
        return torch.from_numpy(out.copy())
    return out


def flat(value):
    if library == 'torch' and isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    return [float(v) for v in np.asarray(value).reshape(-1)]


def automatic(module, arguments, wrt):
    """The gradients of the sum of `loss` by the library."""
    names = {name: own for name, own in wrt.items()}
    if library == 'jax':
        def total(inner):
            return jnp.sum(module.loss(**{**arguments, **inner}))
        inner = {own: arguments[own] for own in names.values()}
        found = jax.jit(jax.grad(total))(inner)
        return {name: flat(found[own]) for name, own in names.items()}
    if library == 'torch':
        arguments = dict(arguments)
        for own in names.values():
            arguments[own] = arguments[own].clone().requires_grad_(True)
        module.loss(**arguments).sum().backward()
        found = {name: arguments[own].grad for name, own in names.items()}
        return {name: flat(g) for name, g in found.items() if g is not None}
    return {}


answers = []
for case in json.load(open('cases.json')):
    module = importlib.import_module(case['module'])
    arguments = {name: array(value) for name, value in case['arguments'].items()}
    # Compiled as a whole, which is faster than operation by operation.
    compiled = jax.jit if library == 'jax' else lambda function: function
    try:
        value, gradients = compiled(module.gradients)(**arguments)
        answers.append({
            'value': flat(value),
            'loss': flat(compiled(module.loss)(**arguments)),
            'gradients': {name: flat(g) for name, g in gradients.items()},
            'automatic': automatic(module, arguments, case['wrt']),
        })
    except Exception as error:
        raise RuntimeError(f"{case['module']}: {error!r}") from error
print(json.dumps(answers))
