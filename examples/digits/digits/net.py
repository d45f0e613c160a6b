"""A small convolutional network and its optimiser, written in numpy.

conv 3x3 -> relu -> max 2x2 -> conv 3x3 -> relu -> max 2x2 -> dense -> relu -> dense -> softmax.
Images are (count, rows, columns, channels), float32 throughout.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHANNELS = (1, 16, 32)
CLASSES = 10
FLAT = 2 * 2 * CHANNELS[2]  # 8x8 halved twice


def create(hidden, rng):
    """Fresh weights, scaled for relu (He et al. 2015, arXiv:1502.01852)."""
    def layer(inputs, outputs):
        scale = np.sqrt(2.0 / inputs)
        return (rng.standard_normal((inputs, outputs)) * scale).astype(np.float32)

    return {
        "conv1.w": layer(9 * CHANNELS[0], CHANNELS[1]), "conv1.b": zeros(CHANNELS[1]),
        "conv2.w": layer(9 * CHANNELS[1], CHANNELS[2]), "conv2.b": zeros(CHANNELS[2]),
        "dense1.w": layer(FLAT, hidden), "dense1.b": zeros(hidden),
        "dense2.w": layer(hidden, CLASSES), "dense2.b": zeros(CLASSES),
    }


def zeros(size):
    return np.zeros(size, dtype=np.float32)


def columns(x):
    """Each pixel's 3x3 neighbourhood as one row: (n * rows * columns, 9 * channels)."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))  # n, r, c, channels, 3, 3
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 9 * x.shape[3])


def columns_back(cols, shape):
    """The transpose of columns(): adds each neighbourhood's share back to its pixels."""
    count, rows, cells, channels = shape
    cols = cols.reshape(count, rows, cells, 3, 3, channels)
    padded = np.zeros((count, rows + 2, cells + 2, channels), dtype=np.float32)
    for i in range(3):
        for j in range(3):
            padded[:, i:i + rows, j:j + cells] += cols[:, :, :, i, j]
    return padded[:, 1:-1, 1:-1]


def pool(x):
    count, rows, cells, channels = x.shape
    return x.reshape(count, rows // 2, 2, cells // 2, 2, channels).max(axis=(2, 4))


def pool_back(grad, x, top):
    """To the pixel that was the greatest. Equal ones are zeros of relu, whose gradient is zero."""
    count, rows, cells, channels = x.shape
    blocks = x.reshape(count, rows // 2, 2, cells // 2, 2, channels)
    mine = blocks == top[:, :, None, :, None]
    return (mine * grad[:, :, None, :, None]).reshape(x.shape)


def conv_block(weights, name, x, trace):
    cols = columns(x)
    out = cols @ weights[name + ".w"] + weights[name + ".b"]
    out = np.maximum(out, 0).reshape(x.shape[:3] + (-1,))
    top = pool(out)
    trace[name] = (x.shape, cols, out, top)
    return top


def conv_block_back(weights, name, grad, trace, grads, need_input):
    shape, cols, out, top = trace[name]
    grad = pool_back(grad, out, top) * (out > 0)
    grad = grad.reshape(-1, out.shape[3])
    grads[name + ".w"] = cols.T @ grad
    grads[name + ".b"] = grad.sum(axis=0)
    return columns_back(grad @ weights[name + ".w"].T, shape) if need_input else None


def forward(weights, x):
    """Returns (scores before softmax, what backward() needs)."""
    trace = {}
    x = conv_block(weights, "conv1", x, trace)
    x = conv_block(weights, "conv2", x, trace)
    flat = x.reshape(len(x), -1)
    inner = np.maximum(flat @ weights["dense1.w"] + weights["dense1.b"], 0)
    trace["dense"] = (flat, inner, x.shape)
    return inner @ weights["dense2.w"] + weights["dense2.b"], trace


def backward(weights, trace, grad):
    """Gradients of all weights for the gradient of the scores."""
    flat, inner, shape = trace["dense"]
    grads = {"dense2.w": inner.T @ grad, "dense2.b": grad.sum(axis=0)}
    grad = (grad @ weights["dense2.w"].T) * (inner > 0)
    grads["dense1.w"], grads["dense1.b"] = flat.T @ grad, grad.sum(axis=0)
    grad = (grad @ weights["dense1.w"].T).reshape(shape)
    grad = conv_block_back(weights, "conv2", grad, trace, grads, need_input=True)
    conv_block_back(weights, "conv1", grad, trace, grads, need_input=False)
    return grads


def loss_and_grad(scores, labels):
    """Mean cross entropy, its gradient, and how many are right."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    share = np.exp(shifted)
    total = share.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float((np.log(total[:, 0]) - shifted[rows, labels]).mean())
    grad = share / total
    grad[rows, labels] -= 1
    right = int((scores.argmax(axis=1) == labels).sum())
    return loss, grad / np.float32(len(labels)), right


def evaluate(weights, images, labels, at_once=512):
    """Returns (mean loss, how many are right), without changing anything."""
    loss, right = 0.0, 0
    for start in range(0, len(images), at_once):
        part = slice(start, start + at_once)
        scores, _ = forward(weights, images[part])
        part_loss, _, part_right = loss_and_grad(scores, labels[part])
        loss += part_loss * len(scores)
        right += part_right
    return loss / len(images), right


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) with its usual constants."""

    BETA1, BETA2, TINY = 0.9, 0.999, 1e-8

    def __init__(self, weights):
        self.steps = 0
        self.mean = {name: np.zeros_like(w) for name, w in weights.items()}
        self.square = {name: np.zeros_like(w) for name, w in weights.items()}

    def update(self, weights, grads, rate):
        self.steps += 1
        rate *= np.sqrt(1 - self.BETA2 ** self.steps) / (1 - self.BETA1 ** self.steps)
        rate = np.float32(rate)
        for name, grad in grads.items():
            mean, square = self.mean[name], self.square[name]
            mean += (1 - self.BETA1) * (grad - mean)
            square += (1 - self.BETA2) * (grad * grad - square)
            weights[name] -= rate * mean / (np.sqrt(square) + self.TINY)
