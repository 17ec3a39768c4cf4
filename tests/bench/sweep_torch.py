"""Modes of in-context regression in PyTorch, one seed a process: sweep_torch.py SEED STEPS FILE.

What experiments/examples/modes.ts trains, written as one would in a script: commuting tasks in four dimensions, eight
tokens, 512 fresh prompts a step, SGD on all entries of W_P and W_Q; every 25 steps the products of the modes are logged.
"""

import json
import sys

import torch

seed, steps, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
torch.manual_seed(seed)
D, N, B, LR, START = 4, 8, 512, 0.01, 0.05
root = torch.tensor([4.0, 2.0, 1.0, 0.5]).sqrt()
w_p, w_q = torch.zeros(2 * D, 2 * D), torch.zeros(2 * D, 2 * D)
w_p[D:, D:] = START * torch.eye(D)
w_q[:D, :D] = START * torch.eye(D)
w_p.requires_grad_()
w_q.requires_grad_()

with open(path, "w") as log:
    for step in range(steps + 1):
        if step % 25 == 0:
            with torch.no_grad():
                product = (w_p[D:, D:].diagonal() * w_q[:D, :D].diagonal()).tolist()
            for index, value in enumerate(product):
                log.write(json.dumps({"kind": "measure", "step": step, "index": index, "value": value}) + "\n")
        if step == steps:
            break
        x, query, task = torch.randn(B, N, D) * root, torch.randn(B, D) * root, torch.randn(B, 1, D)
        z = torch.cat([x, x * task], dim=-1)
        z_query = torch.cat([query, torch.zeros(B, D)], dim=-1)
        u = z_query @ w_q.mT
        hidden = (z.mT @ (z @ u.unsqueeze(-1))).squeeze(-1) + z_query * (z_query * u).sum(-1, keepdim=True)
        error = ((hidden / N) @ w_p.mT)[:, D:] - query * task.squeeze(1)
        (0.5 * error.square().sum(-1).mean()).backward()
        with torch.no_grad():
            for parameter in (w_p, w_q):
                parameter -= LR * parameter.grad
                parameter.grad = None
