"""Training steps of experiments' cpu presets in PyTorch eager; answers lines of the protocol in contender.ts.

config: {"step", "replicas", "threads", and sizes}. Weights, batches and losses have a leading axis of replicas, all in one graph; data
are drawn within the step, as here. The formulas are those of the experiments' docstrings.
"""

import functools
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

from experiments_torch_decoder import Transformer, adam, optimised, parameters, sgd
from experiments_torch_regression import STEPS as REGRESSION

config = json.loads(sys.argv[1])
R, S = config["replicas"], config["sizes"]
torch.set_num_threads(config["threads"])
torch.manual_seed(1)


def uniform(bound, *shape):
    return (2 * torch.rand(R, *shape) - 1) * bound


def pattern_prompts(B):
    """Tokens (x; y) (R, B, N + 1, D + 1) of tasks (a, b), and labels of queries: orthogonal patterns in the standard basis."""
    M, K, N, T = 6, S["irrelevant"], S["length"], S["length"] + 1
    tasks = torch.tensor(S["tasks"])
    pair = tasks[torch.randint(len(tasks), (R, B))]
    shown = torch.rand(R, B, T) <= S["share"]
    shown[..., -1] = True
    coin = torch.randint(2, (R, B, T))
    other = torch.randint(M - 2, (R, B, T))
    low, high = pair.min(-1, keepdim=True).values, pair.max(-1, keepdim=True).values
    other = other + (other >= low)
    other = other + (other >= high)
    relevant = torch.where(shown, torch.where(coin == 0, pair[..., :1], pair[..., 1:]), other)
    y = 1.0 - 2.0 * coin
    tokens = torch.zeros(R, B, T, M + K + 1)
    tokens.scatter_(-1, relevant.unsqueeze(-1), S["norm"])
    kappa = S["norm"] * S["spread"] * (2 * torch.rand(R, B, T, 1) - 1)
    tokens.scatter_(-1, M + torch.randint(K, (R, B, T, 1)), kappa)
    tokens[..., :N, -1] = y[..., :N]
    return tokens, y[..., -1]


def one_layer():
    C, m, B = 6 + S["irrelevant"] + 1, S["neurons"], S["batch"]
    eye = S["delta"] * torch.eye(C)
    query, key, value = (eye.repeat(R, 1, 1).requires_grad_() for _ in range(3))
    neurons = (S["deviation"] * torch.randn(R, m, C)).requires_grad_()
    a = torch.tensor([1.0, -1.0]).repeat(m // 2 + 1)[:m] / math.sqrt(m)
    update = sgd((query, key, value, neurons), S["lr"])

    def step():
        tokens, label = pattern_prompts(B)
        context, asked = tokens[..., :-1, :], tokens[..., -1, :]
        u = asked @ query @ key.mT
        weights = (context @ u.unsqueeze(-1)).squeeze(-1).softmax(-1)
        mean = (weights.unsqueeze(-2) @ context).squeeze(-2)
        answer = F.relu(mean @ value @ neurons.mT) @ a
        F.relu(1 - label * answer).mean(-1).sum().backward()
        update()

    return step


def decoder():
    B, inputs = S["decoder-batch"], 6 + S["irrelevant"] + 1
    sizes = (S["layers"], S["heads"], S["width"], S["mlp"])
    model = Transformer(R, inputs, 1, S["length"] + 1, *sizes, positions=False, last=True)
    update = adam(model.trained(), S["decoder-lr"])

    def step():
        tokens, label = pattern_prompts(B)
        F.relu(1 - label * model(tokens).squeeze(-1)).mean(-1).sum().backward()
        update()

    return step


def co_occurrence():
    n, d, m, J, L = S["samples"], S["vocabulary"], S["width"], S["neurons"], S["length"]
    words = [[0, 1, 2]] * (n // 2) + [[0, 2]] * (n // 6) + [[1, 2]] * (n // 6) + [[2]] * (n // 6)
    counts = torch.zeros(R, n, d)
    for r in range(R):
        for s, known in enumerate(words):
            for token in known + torch.randint(3, d, (L - len(known),)).tolist():
                counts[r, s, token] += 1
    label = torch.tensor([1.0 if len(known) == 3 else -1.0 for known in words])
    W = uniform(1 / math.sqrt(m), J, m).requires_grad_()
    V, K, Q = (uniform(1 / math.sqrt(d), d, m).requires_grad_() for _ in range(3))
    a = uniform(1 / math.sqrt(J), 1, J)
    update = sgd((W, V, K, Q), S["lr"])

    def step():
        powers = ((Q @ K.mT) / math.sqrt(m)).exp()
        worth = V @ (a @ W).mT
        attended = (counts @ (powers * worth.mT).mT) / (counts @ powers.mT)
        answer = (attended * counts).sum(-1)
        F.softplus(-label * answer).mean(-1).sum().backward()
        update()

    return step


def gd_in_context():
    D, N, B = S["dimension"], S["context"], S["batch"]
    C = D + 1
    deviation = math.sqrt(S["scale"] / C)
    weights = [(deviation * torch.randn(R, C, C)).requires_grad_() for _ in range(4)]
    query, key, value, output = weights
    optimizer = torch.optim.AdamW(weights, lr=S["lr"], betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    update = optimised(optimizer, weights, S["clip"])

    def step():
        x = (2 * torch.rand(R, B, N + 1, D) - 1) * S["range"]
        y = x @ torch.randn(R, B, D, 1)
        context = torch.cat((x, y), -1)[..., :-1, :]
        asked = torch.cat((x[..., -1, :], torch.zeros(R, B, 1)), -1)
        # Scores with keys and values of the context alone, sums.
        u = asked @ query @ key.mT
        pooled = ((context @ u.unsqueeze(-1)).mT @ context).squeeze(-2)
        answer = -(pooled @ value @ output)[..., -1]
        (0.5 * (answer - y[..., -1, 0]).square()).mean(-1).sum().backward()
        update()

    return step


def separate_keys_queries():
    sigma = torch.tensor(S["spectrum"]).sqrt()
    N, B, H, E, D = S["context"], S["batch"], S["heads"], S["ranks"][-1], len(S["spectrum"])
    value = (S["deviation"] * torch.randn(R, H)).requires_grad_()
    key, query = ((S["deviation"] * torch.randn(R, H, E, D)).requires_grad_() for _ in range(2))
    update = sgd((value, key, query), S["lr"])

    def step():
        w = torch.randn(R, B, D)
        # β from its law given w, as here.
        u = sigma * w
        length = u.norm(dim=-1, keepdim=True)
        unit = u / length
        chi = 2 * torch._standard_gamma(torch.full((R, B, 1), N / 2))
        xi = torch.randn(R, B, D)
        beta = sigma * length / N * (chi * unit + chi.sqrt() * (xi - unit * (unit * xi).sum(-1, keepdim=True)))
        x = torch.randn(R, B, D) * sigma
        M = (value[..., None, None] * key).flatten(-3, -2).mT @ query.flatten(-3, -2)
        (0.5 * (((beta @ M) * x).sum(-1) - (w * x).sum(-1)).square()).mean(-1).sum().backward()
        update()

    return step


def attention_convergence():
    K, B = S["features"], S["batch"]
    dominant = torch.tensor([S["dominant"]] + [(1 - S["dominant"]) / (K - 1)] * (K - 1))
    laws = [torch.full((K,), 1 / K), dominant]
    lengths = S["contexts"]
    p = torch.stack([laws[r * 2 // R if R > 1 else 0] for r in range(R)])
    trials = torch.tensor([float(lengths[r % len(lengths)]) for r in range(R)])
    # Counts feature by feature: binomial given those before, as here.
    rest = p.flip(-1).cumsum(-1).flip(-1)
    given = (p / rest).clamp(max=1)
    Q = torch.zeros(R, K, K, requires_grad=True)
    update = sgd((Q,), S["lr"])

    def step():
        left = trials.view(R, 1).expand(R, B).contiguous()
        counts = []
        for k in range(K - 1):
            counts.append(torch.binomial(left, given[:, k : k + 1].expand(R, B).contiguous()))
            left = left - counts[-1]
        counts = torch.stack((*counts, left), -1)
        asked = torch.multinomial(p, B, replacement=True)
        labels = torch.randn(R, B, K)
        scores = Q.gather(1, asked.unsqueeze(-1).expand(R, B, K)) + counts.clamp(min=1e-30).log()
        error = ((scores.softmax(-1) - F.one_hot(asked, K)) * labels).sum(-1)
        (0.5 * error.square()).mean(-1).sum().backward()
        update()

    return step


def identifiability():
    widths, D, C, B, kappa = S["widths"], S["dimension"], S["classes"], S["batch"], S["concentration"]
    centres = F.normalize(torch.randn(R, C, D), dim=-1)
    maps = [F.normalize(2 * torch.rand(R, D, D) - 1, dim=-1) for _ in range(4)]
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        matrix, bias = (uniform(1 / math.sqrt(fan_in), rows, fan_out).requires_grad_() for rows in (fan_in, 1))
        gain, shift = torch.ones(R * fan_out).requires_grad_(), torch.zeros(R * fan_out).requires_grad_()
        layers.append((matrix, bias, gain, shift, torch.zeros(R * fan_out), torch.ones(R * fan_out)))
    head = uniform(1 / math.sqrt(D), D, C).requires_grad_()
    # The last layer has no normalisation.
    every = [head] + [weight for layer in layers[:-1] for weight in layer[:4]] + list(layers[-1][:2])
    update = optimised(torch.optim.Adam(every, lr=S["lr"], foreach=True), every)
    # Wood's rejection method (1994) for the cosine between a latent and its class's vector.
    half = (D - 1) / 2
    scale = 2 * half / (2 * kappa + math.sqrt(4 * kappa**2 + 4 * half**2))
    least = (1 - scale) / (1 + scale)
    beta = torch.distributions.Beta(half, half)

    def cosines():
        found = torch.empty(0)
        while len(found) < R * B:
            part = beta.sample((2 * R * B,))
            w = 1 - 2 * scale * part / (1 - (1 - scale) * part)
            bound = kappa * (w - least) + 2 * half * torch.log((1 - least * w) / (1 - least**2))
            found = torch.cat((found, w[bound >= torch.log(torch.rand(2 * R * B))]))
        return found[: R * B].view(R, B, 1)

    def step():
        labels = torch.randint(C, (R, B))
        v, w = centres.gather(1, labels.unsqueeze(-1).expand(R, B, D)), cosines()
        noise = torch.randn(R, B, D)
        across = F.normalize(noise - (noise * v).sum(-1, keepdim=True) * v, dim=-1)
        x = w * v + (1 - w * w).sqrt() * across
        for layer, mixing in enumerate(maps):
            x = (F.leaky_relu(x, 0.2) if layer else x) @ mixing
        for layer, (matrix, bias, gain, shift, mean, variance) in enumerate(layers):
            x = torch.baddbmm(bias, x, matrix)
            if layer < len(layers) - 1:
                # Every replica's features are channels of their own.
                x = F.batch_norm(x.transpose(0, 1).flatten(1), mean, variance, gain, shift, training=True)
                x = F.leaky_relu(x, 0.01).unflatten(1, (R, -1)).transpose(0, 1)
        # A mean over replicas too, times R: their sum.
        (R * F.cross_entropy((x @ head).flatten(0, 1), labels.flatten())).backward()
        update()

    return step


STEPS = {
    "nonlinear_generalisation, one layer": one_layer,
    "nonlinear_generalisation, decoder": decoder,
    "co_occurrence": co_occurrence,
    "gd_in_context": gd_in_context,
    "separate_keys_queries": separate_keys_queries,
    "attention_convergence": attention_convergence,
    "identifiability": identifiability,
    **{name: functools.partial(make, R, S) for name, make in REGRESSION.items()},
}
step = STEPS[config["step"]]()
for _ in range(5):
    step()
print(json.dumps({"ready": True, "parameters": parameters(R)}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        done += 1
    print(json.dumps({"steps": done * R, "seconds": time.perf_counter() - began}), flush=True)
