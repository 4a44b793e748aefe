"""iris: J and its gradients in NumPy.

Written by chainrule from these equations:

    z1 = W0 x + b0
    a1 = softplus(z1)
    z2 = W1 a1 + b1
    p = softmax(z2)
    l = -log(p[y])
    J = mean[N] l

The derivation:

    dJ/dz2 = 1/N (p - onehot(y))
    dJ/da1 = W1^T dJ/dz2
    dJ/dz1 = dJ/da1 .* sigmoid(z1)
    dJ/dW0 = sum[N] dJ/dz1 x^T
    dJ/db0 = sum[N] dJ/dz1
    dJ/dW1 = sum[N] dJ/dz2 a1^T
    dJ/db1 = sum[N] dJ/dz2

A value per sample is an array whose rows are the samples.
"""

import numpy as np


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    return np.exp(-np.logaddexp(0, -z))


def softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(z, axis):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def loss(W0, b0, W1, b1, x, y):
    """J."""
    N = x.shape[0]
    z1 = x @ W0.T + b0                                      # (N, H)
    a1 = np.logaddexp(0, z1)                                # (N, H)
    z2 = a1 @ W1.T + b1                                     # (N, K)
    l = -log_softmax(z2, -1)[np.arange(N), y]               # (N,)
    J = np.mean(l)
    return J


def gradients(W0, b0, W1, b1, x, y):
    """J, and its gradients by W0, b0, W1, b1."""
    K = W1.shape[0]
    N = x.shape[0]
    z1 = x @ W0.T + b0                                      # (N, H)
    a1 = np.logaddexp(0, z1)                                # (N, H)
    z2 = a1 @ W1.T + b1                                     # (N, K)
    p = softmax(z2, -1)                                     # (N, K)
    l = -log_softmax(z2, -1)[np.arange(N), y]               # (N,)
    J = np.mean(l)

    dJ_dz2 = 1 / N * (p - np.eye(K)[y])                     # (N, K)
    dJ_da1 = dJ_dz2 @ W1                                    # (N, H)
    dJ_dz1 = dJ_da1 * sigmoid(z1)                           # (N, H)
    dJ_dW0 = dJ_dz1.T @ x                                   # (H, d)
    dJ_db0 = dJ_dz1.sum(axis=0)                             # (H,)
    dJ_dW1 = dJ_dz2.T @ a1                                  # (K, H)
    dJ_db1 = dJ_dz2.sum(axis=0)                             # (K,)

    return J, {'W0': dJ_dW0, 'b0': dJ_db0, 'W1': dJ_dW1, 'b1': dJ_db1}
