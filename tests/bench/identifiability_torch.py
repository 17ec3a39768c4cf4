"""The training step of identifiability in PyTorch, eager; answers lines of the protocol in contender.ts.

Step: draw B classes and latents z ~ vMF(v_c, kappa) by Wood's rejection method (1994), mix them by four linear maps with slope 0.2
between them, encode with batch normalisation, cross-entropy of a head without biases, Adam.
"""

import json
import math
import sys
import time

import torch
from torch import nn

config = json.loads(sys.argv[1])
WIDTHS, C, B, KAPPA, LR = (config[key] for key in ("widths", "classes", "batch", "concentration", "lr"))
D = WIDTHS[0]
torch.set_num_threads(config["threads"])
torch.manual_seed(1)

centres = nn.functional.normalize(torch.randn(C, D), dim=1)
maps = [nn.functional.normalize(2 * torch.rand(D, D) - 1, dim=1) for _ in range(4)]
layers = []
for layer, (fan_in, fan_out) in enumerate(zip(WIDTHS, WIDTHS[1:])):
    layers.append(nn.Linear(fan_in, fan_out))
    if layer < len(WIDTHS) - 2:
        layers += [nn.BatchNorm1d(fan_out), nn.LeakyReLU(0.01)]
encoder = nn.Sequential(*layers)
head = nn.Linear(D, C, bias=False)
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=LR)

A = (D - 1) / 2
S = 2 * A / (2 * KAPPA + math.sqrt(4 * KAPPA**2 + 4 * A**2))
X0 = (1 - S) / (1 + S)
beta = torch.distributions.Beta(A, A)


def cosines():
    found = torch.empty(0)
    while len(found) < B:
        part = beta.sample((2 * B,))
        w = 1 - 2 * S * part / (1 - (1 - S) * part)
        bound = KAPPA * (w - X0) + 2 * A * torch.log((1 - X0 * w) / (1 - X0**2))
        found = torch.cat([found, w[bound >= torch.log(torch.rand(2 * B))]])
    return found[:B, None]


def step():
    labels = torch.randint(C, (B,))
    v, w = centres[labels], cosines()
    noise = torch.randn(B, D)
    across = nn.functional.normalize(noise - (noise * v).sum(1, keepdim=True) * v, dim=1)
    x = w * v + (1 - w * w).sqrt() * across
    for layer, matrix in enumerate(maps):
        x = (nn.functional.leaky_relu(x, 0.2) if layer else x) @ matrix
    loss = nn.functional.cross_entropy(head(encoder(x)), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


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
    print(json.dumps({"steps": done, "seconds": time.perf_counter() - began}), flush=True)
