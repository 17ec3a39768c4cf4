"""The benchmark's training step in PyTorch, several ways; answers lines of the protocol in contender.ts.

Step: draw B fresh prompts of N tokens x ~ N(0, I_d), a task W each and a query; loss ½ |ŷ − W x_q|², mean over prompts,
ŷ the lower half of the last column of Z + W_P (Z Zᵀ/N) W_Q Z; SGD on all entries of both (2d, 2d) matrices.
"""

import json
import sys
import time

import torch

config = json.loads(sys.argv[1])
VARIANT, TASKS = config["variant"], config["tasks"]
D, N, B, R, LR = (config[key] for key in ("d", "N", "B", "R", "lr"))
W = 2 * D
torch.set_num_threads(config["threads"])
torch.manual_seed(1)

replicas = R if VARIANT.startswith("batched") else 1
start = 0.05 * torch.sin(torch.arange(1, W * W + 1)).reshape(W, W).float()
w_p = start.repeat(replicas, 1, 1).squeeze(0)
w_q = start.repeat(replicas, 1, 1).squeeze(0)


def draw_task(*lead):
    return torch.randn(*lead, D, D) if TASKS == "dense" else torch.randn(*lead, D)


def apply_task(task, x):
    """W x for vectors x (…, d), one task for each."""
    return (task @ x.unsqueeze(-1)).squeeze(-1) if TASKS == "dense" else task * x


def apply_task_transposed(task, x):
    return (task.mT @ x.unsqueeze(-1)).squeeze(-1) if TASKS == "dense" else task * x


def label(task, x):
    """W x_n for tokens x (…, N, d)."""
    return x @ task.mT if TASKS == "dense" else x * task.unsqueeze(-2)


def descend(loss):
    loss.backward()
    with torch.no_grad():
        for parameter in (w_p, w_q):
            parameter -= LR * parameter.grad
            parameter.grad = None
    return loss


def eager_definition():
    """As the formula reads: every column of f(Z)."""
    x, query, task = torch.randn(B, N, D), torch.randn(B, D), draw_task(B)
    z = torch.cat([x, label(task, x)], dim=-1)
    z = torch.cat([z, torch.cat([query, torch.zeros(B, D)], dim=-1).unsqueeze(1)], dim=1).mT
    f = z + w_p @ (z @ z.mT / N) @ w_q @ z
    error = f[:, D:, -1] - apply_task(task, query)
    return descend(0.5 * error.square().sum(-1).mean())


def predict(x, query, task):
    """ŷ from matrix-vector products only; works with a leading axis of replicas."""
    lead = query.shape[:-1]
    z_query = torch.cat([query, torch.zeros(*lead, D)], dim=-1)
    z = torch.cat([x, label(task, x)], dim=-1)
    u = z_query @ w_q.mT
    hidden = (z.mT @ (z @ u.unsqueeze(-1))).squeeze(-1) + z_query * (z_query * u).sum(-1, keepdim=True)
    return ((hidden / N) @ w_p.mT)[..., D:]


def eager_vectors():
    x, query, task = torch.randn(B, N, D), torch.randn(B, D), draw_task(B)
    return descend(0.5 * (predict(x, query, task) - apply_task(task, query)).square().sum(-1).mean())


def batched_autograd():
    """R replicas in one graph; the sum over replicas gives each its own gradient."""
    x, query, task = torch.randn(R, B, N, D), torch.randn(R, B, D), draw_task(R, B)
    loss = 0.5 * (predict(x, query, task) - apply_task(task, query)).square().sum(-1).mean(-1)
    return descend(loss.sum()) / R


def wishart():
    """Σ̂ by Bartlett's decomposition; needs N ≥ d."""
    factor = torch.randn(R, B, D, D).tril(-1)
    shape = 0.5 * (N - torch.arange(D, dtype=torch.float32)).expand(R, B, D)
    factor.diagonal(dim1=-2, dim2=-1).copy_((2 * torch._standard_gamma(shape)).sqrt())
    return factor @ factor.mT / N


def by_hand(covariance):
    """Gradient without autograd and without columns of Z, R replicas at once; Z Zᵀ/N applied through Σ̂ and W."""
    query, task = torch.randn(R, B, D), draw_task(R, B)
    p1, p2, q1, q2 = w_p[:, D:, :D], w_p[:, D:, D:], w_q[:, :D, :D], w_q[:, D:, :D]

    def moment(upper, lower):
        s = (covariance @ (upper + apply_task_transposed(task, lower)).unsqueeze(-1)).squeeze(-1)
        return s + query * (query * upper).sum(-1, keepdim=True) / N, apply_task(task, s)

    h1, h2 = moment(query @ q1.mT, query @ q2.mT)
    delta = h1 @ p1.mT + h2 @ p2.mT - apply_task(task, query)
    t1, t2 = moment(delta @ p1, delta @ p2)
    step = -LR / B
    gradient_p = delta.mT @ torch.cat([h1, h2], dim=-1)
    gradient_q = torch.cat([t1, t2], dim=-1).mT @ query
    w_p[:, D:, :].add_(gradient_p, alpha=step)
    w_q[:, :, :D].add_(gradient_q, alpha=step)
    return 0.5 * delta.square().sum(-1).mean()


def batched_by_hand():
    x = torch.randn(R, B, N, D)
    return by_hand(x.mT @ x / N)


def batched_by_hand_statistics():
    return by_hand(wishart())


step = globals()[VARIANT]
if VARIANT in ("eager_definition", "eager_vectors", "batched_autograd"):
    w_p.requires_grad_()
    w_q.requires_grad_()
for _ in range(10):
    step()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(4):
            value = step()
        done += 4
    elapsed = time.perf_counter() - began
    print(json.dumps({"steps": done * replicas, "seconds": elapsed, "loss": float(value.detach())}), flush=True)
