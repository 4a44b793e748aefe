"""cifar2: Jt and its gradients in NumPy.

Written by chainrule from these equations:

    Z2 = W1 X + b1
    A2 = relu(Z2)
    Z3 = W2 A2 + b2
    Psi = softmax(Z3)
    D = onehot(y)
    J = -1/N sum(D .* log(Psi))
    Jt = J + lambda (||W1||_F^2 + ||W2||_F^2)

The derivation:

    dJt/dZ3 = 1/N (Psi - D)
    dJt/dA2 = W2^T dJt/dZ3
    dJt/dZ2 = dJt/dA2 .* 1[Z2 > 0]
    dJt/dW1 = dJt/dZ2 X^T + 2 lambda W1
    dJt/db1 = dJt/dZ2 ones(N)
    dJt/dW2 = dJt/dZ3 A2^T + 2 lambda W2
    dJt/db2 = dJt/dZ3 ones(N)
"""

import numpy as np


def softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(z, axis):
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def loss(W1, b1, W2, b2, X, y, lambda_=0.25):
    """Jt."""
    K = W2.shape[0]
    N = X.shape[1]
    Z2 = W1 @ X + b1[:, None]                               # (H, N)
    A2 = np.maximum(Z2, 0)                                  # (H, N)
    Z3 = W2 @ A2 + b2[:, None]                              # (K, N)
    D = np.eye(K)[y].T                                      # (K, N)
    J = -1 / N * np.sum(D * log_softmax(Z3, 0))
    Jt = J + lambda_ * (np.sum(W1 * W1) + np.sum(W2 * W2))
    return Jt


def gradients(W1, b1, W2, b2, X, y, lambda_=0.25):
    """Jt, and its gradients by W1, b1, W2, b2."""
    K = W2.shape[0]
    N = X.shape[1]
    Z2 = W1 @ X + b1[:, None]                               # (H, N)
    A2 = np.maximum(Z2, 0)                                  # (H, N)
    Z3 = W2 @ A2 + b2[:, None]                              # (K, N)
    Psi = softmax(Z3, 0)                                    # (K, N)
    D = np.eye(K)[y].T                                      # (K, N)
    J = -1 / N * np.sum(D * log_softmax(Z3, 0))
    Jt = J + lambda_ * (np.sum(W1 * W1) + np.sum(W2 * W2))

    dJt_dZ3 = 1 / N * (Psi - D)                             # (K, N)
    dJt_dA2 = W2.T @ dJt_dZ3                                # (H, N)
    dJt_dZ2 = dJt_dA2 * (Z2 > 0)                            # (H, N)
    dJt_dW1 = dJt_dZ2 @ X.T + 2 * lambda_ * W1              # (H, d)
    dJt_db1 = dJt_dZ2.sum(axis=-1)                          # (H,)
    dJt_dW2 = dJt_dZ3 @ A2.T + 2 * lambda_ * W2             # (K, H)
    dJt_db2 = dJt_dZ3.sum(axis=-1)                          # (K,)

    return Jt, {'W1': dJt_dW1, 'b1': dJt_db1, 'W2': dJt_dW2, 'b2': dJt_db2}
