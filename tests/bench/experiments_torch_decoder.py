"""Transformers of R replicas in PyTorch eager, by the formulas of lib/models/transformer.ts, and their optimisers.

Every weight has a leading axis of replicas: all of them in one graph, whose products are batched; one replica is a plain script's.
"""

import math

import torch
import torch.nn.functional as F

TRAINED = []


def parameters(R):
    """Trained numbers of one replica."""
    return sum(weight.numel() for weight in TRAINED) // R


def sgd(weights, lr):
    TRAINED.extend(weights)

    def update():
        with torch.no_grad():
            for weight in weights:
                weight -= lr * weight.grad
                weight.grad = None

    return update


def optimised(optimizer, weights, clip=None):
    """A step of an optimiser, with gradients of each replica clipped to a norm."""
    TRAINED.extend(weights)

    def update():
        if clip is not None:
            norm = sum(weight.grad.square().flatten(1).sum(1) for weight in weights).sqrt()
            scale = (clip / (norm + 1e-6)).clamp(max=1)
            for weight in weights:
                weight.grad *= scale.view(-1, *[1] * (weight.dim() - 1))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return update


def adam(weights, lr, clip=None):
    return optimised(torch.optim.Adam(weights, lr=lr, foreach=True), weights, clip)


class Transformer:
    """Pre-norm blocks of attention and a perceptron: vectors (R, B, T, inputs) to (R, B, T, outputs), or (R, B, outputs) of the last position."""

    def __init__(
        self, R, inputs, outputs, length, layers, heads, width, mlp,
        activation="gelu", positions=True, attention="softmax", causal=True, last=False, biases=True,
    ):
        self.R, self.layers, self.heads, self.width = R, layers, heads, width
        self.activation = {"gelu": F.gelu, "relu": F.relu}[activation]
        self.attention, self.causal, self.last = attention, causal, last
        self.weights = {}
        self.matrix("embedding", inputs, width)
        self.positions = positions
        if positions:
            self.weights["position"] = (torch.randn(R, 1, length, width) / math.sqrt(width)).requires_grad_()
        for layer in range(layers):
            self.norm_of(f"{layer}.norm1")
            if last and layer == layers - 1:
                self.matrix(f"{layer}.query", width, width, biases)
                self.matrix(f"{layer}.key_value", width, 2 * width, biases)
            else:
                self.matrix(f"{layer}.qkv", width, 3 * width, biases)
            self.matrix(f"{layer}.output", width, width, biases)
            self.norm_of(f"{layer}.norm2")
            self.matrix(f"{layer}.in", width, mlp, biases)
            self.matrix(f"{layer}.out", mlp, width, biases)
        self.norm_of("norm")
        self.matrix("unembedding", width, outputs)

    def trained(self):
        return [weight for weight in self.weights.values() if weight is not None]

    def matrix(self, name, fan_in, fan_out, bias=True):
        self.weights[name] = (torch.randn(self.R, fan_in, fan_out) / math.sqrt(fan_in)).requires_grad_()
        self.weights[name + ".bias"] = torch.zeros(self.R, 1, fan_out).requires_grad_() if bias else None

    def norm_of(self, name):
        self.weights[name] = torch.ones(self.R, 1, 1, self.width).requires_grad_()
        self.weights[name + ".bias"] = torch.zeros(self.R, 1, 1, self.width).requires_grad_()

    def linear(self, name, x):
        """One product a replica, all its tokens as rows."""
        weight, bias, rows = self.weights[name], self.weights[name + ".bias"], x.flatten(1, -2)
        y = torch.bmm(rows, weight) if bias is None else torch.baddbmm(bias, rows, weight)
        return y.view(*x.shape[:-1], -1)

    def norm(self, name, x):
        gain, bias = self.weights[name], self.weights[name + ".bias"]
        if self.R == 1:
            return F.layer_norm(x, (self.width,), gain.view(-1), bias.view(-1))
        return torch.addcmul(bias, F.layer_norm(x, (self.width,)), gain)

    def mixed(self, q, k, v, causal):
        """Attention of heads (R·B, H, T, E), to (R, B, T, C)."""
        if self.attention == "softmax":
            y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        else:
            # Rectified scores over the number of keys that are seen.
            scores = F.relu(q @ k.mT / math.sqrt(q.shape[-1]))
            if causal:
                seen = torch.ones(scores.shape[-2:]).tril()
                scores = scores * (seen / seen.sum(-1, keepdim=True))
            else:
                scores = scores / k.shape[-2]
            y = scores @ v
        return y.unflatten(0, (self.R, -1)).transpose(2, 3).flatten(3)

    def __call__(self, x):
        x = self.linear("embedding", x)
        if self.positions:
            x = x + self.weights["position"][:, :, : x.shape[2]]
        for layer in range(self.layers):
            end = self.last and layer == self.layers - 1
            n = self.norm(f"{layer}.norm1", x)

            def heads(y, parts):
                y = y.flatten(0, 1).unflatten(-1, (parts, self.heads, -1))
                return y.permute(2, 0, 3, 1, 4).unbind(0)

            if end:
                # Only the last position is asked for: this layer computes the rest of it there alone.
                (q,) = heads(self.linear(f"{layer}.query", n[:, :, -1:]), 1)
                k, v = heads(self.linear(f"{layer}.key_value", n), 2)
                x = x[:, :, -1:]
            else:
                q, k, v = heads(self.linear(f"{layer}.qkv", n), 3)
            x = x + self.linear(f"{layer}.output", self.mixed(q, k, v, self.causal and not end))
            hidden = self.activation(self.linear(f"{layer}.in", self.norm(f"{layer}.norm2", x)))
            x = x + self.linear(f"{layer}.out", hidden)
        y = self.linear("unembedding", self.norm("norm", x))
        return y.squeeze(2) if self.last else y
