"""The benchmark's attention in PyTorch, with its gradient; answers lines of the protocol in contender.ts."""

import json
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

config = json.loads(sys.argv[1])
R, B, T, S, H, D = (config[key] for key in ("R", "B", "T", "S", "H", "D"))
torch.set_num_threads(config["threads"])
N, C = R * B, H * D
# As models have them: one projection for all three, or queries of their own.
parts = [C, C, C] if S == T else [2 * C]
rows = torch.randn(N, T, sum(parts), requires_grad=True)
last = torch.randn(N, S, C, requires_grad=True)
dy = torch.randn(N, S, C)


def heads(x):
    return x.view(N, -1, H, D).transpose(1, 2)


def step():
    rows.grad = last.grad = None
    q, k, v = rows.chunk(3, -1) if S == T else (last, *rows.chunk(2, -1))
    y = scaled_dot_product_attention(heads(q), heads(k), heads(v), is_causal=S == T)
    y.transpose(1, 2).reshape(N, S, C).backward(dy)


for _ in range(3):
    step()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        done += 1
    print(json.dumps({"steps": done, "seconds": time.perf_counter() - began}), flush=True)
