"""The training step of separate_keys_queries in PyTorch, several ways; answers lines of the protocol in contender.ts.

Step: draw B fresh prompts of N pairs (x, y = w·x), x ~ N(0, diag λ), and a query; ŷ = βᵀ M x_q, β = (1/N) Σ y x, M = Σ_h v_h K_hᵀ Q_h;
SGD on ½ (ŷ − y)². eager: one replica, pairs drawn. batched: R replicas in one graph. batched_statistics: β drawn from its law.
"""

import json
import sys
import time

import torch

config = json.loads(sys.argv[1])
WAY, SPECTRUM = config["way"], torch.tensor(config["spectrum"])
N, B, R, H, E, LR = (config[key] for key in ("context", "batch", "replicas", "heads", "rank", "lr"))
D = len(SPECTRUM)
torch.set_num_threads(config["threads"])
torch.manual_seed(1)
SIGMA = SPECTRUM.sqrt()
replicas = 1 if WAY == "eager" else R
shape = () if WAY == "eager" else (R,)
value = (0.02 * torch.randn(*shape, H)).requires_grad_()
key = (0.02 * torch.randn(*shape, H, E, D)).requires_grad_()
query = (0.02 * torch.randn(*shape, H, E, D)).requires_grad_()


def pairs():
    x = torch.randn(*shape, B, N, D) * SIGMA
    w = torch.randn(*shape, B, D)
    y = (x @ w.unsqueeze(-1)).squeeze(-1)
    return w, (y.unsqueeze(-2) @ x).squeeze(-2) / N


def statistics():
    w = torch.randn(*shape, B, D)
    u = SIGMA * w
    length = u.norm(dim=-1, keepdim=True)
    unit = u / length
    chi = 2 * torch._standard_gamma(torch.full((*shape, B, 1), N / 2))
    xi = torch.randn(*shape, B, D)
    across = xi - unit * (unit * xi).sum(-1, keepdim=True)
    return w, SIGMA * length / N * (chi * unit + chi.sqrt() * across)


def step():
    w, beta = statistics() if WAY == "batched_statistics" else pairs()
    x = torch.randn(*shape, B, D) * SIGMA
    M = (value[..., None, None] * key).flatten(-3, -2).mT @ query.flatten(-3, -2)
    answer = ((beta @ M) * x).sum(-1)
    loss = 0.5 * (answer - (w * x).sum(-1)).square().mean(-1)
    loss.sum().backward()
    with torch.no_grad():
        for parameter in (value, key, query):
            parameter -= LR * parameter.grad
            parameter.grad = None


for _ in range(20):
    step()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(4):
            step()
        done += 4
    print(json.dumps({"steps": done * replicas, "seconds": time.perf_counter() - began}), flush=True)
