"""iris: J and its gradients in PyTorch.

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
`torch.autograd.grad` of `loss` gives what `gradients` writes out.
"""

import torch


def loss(W0, b0, W1, b1, x, y):
    """J."""
    N = x.shape[0]
    z1 = x @ W0.T + b0                                      # (N, H)
    a1 = torch.nn.functional.softplus(z1, threshold=40)     # (N, H)
    z2 = a1 @ W1.T + b1                                     # (N, K)
    l = -torch.log_softmax(z2, dim=-1)[torch.arange(N), y]  # (N,)
    J = torch.mean(l)
    return J


def gradients(W0, b0, W1, b1, x, y):
    """J, and its gradients by W0, b0, W1, b1."""
    dtype = W0.dtype
    K = W1.shape[0]
    N = x.shape[0]
    z1 = x @ W0.T + b0                                      # (N, H)
    a1 = torch.nn.functional.softplus(z1, threshold=40)     # (N, H)
    z2 = a1 @ W1.T + b1                                     # (N, K)
    p = torch.softmax(z2, dim=-1)                           # (N, K)
    l = -torch.log_softmax(z2, dim=-1)[torch.arange(N), y]  # (N,)
    J = torch.mean(l)

    dJ_dz2 = 1 / N * (p - torch.eye(K, dtype=dtype)[y])     # (N, K)
    dJ_da1 = dJ_dz2 @ W1                                    # (N, H)
    dJ_dz1 = dJ_da1 * torch.sigmoid(z1)                     # (N, H)
    dJ_dW0 = dJ_dz1.T @ x                                   # (H, d)
    dJ_db0 = dJ_dz1.sum(0)                                  # (H,)
    dJ_dW1 = dJ_dz2.T @ a1                                  # (K, H)
    dJ_db1 = dJ_dz2.sum(0)                                  # (K,)

    return J, {'W0': dJ_dW0, 'b0': dJ_db0, 'W1': dJ_dW1, 'b1': dJ_db1}
