"""The training benchmark's steps in PyTorch; answers lines of the protocol in contender.ts.

config: {"step": "grokking" | "decoder" | "ensemble", "way": "eager" | "everywhere" | "compiled" | "graphed" | "loop" | "vmap", "threads", "R"}.
The same sizes, data, optimiser and loss as training_worker.ts; `graphed` captures the step into a CUDA graph.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

config = json.loads(sys.argv[1])
STEP, WAY, R = config["step"], config["way"], config.get("R", 1)
DEVICE = config.get("device", "cpu")
torch.set_num_threads(config["threads"])
torch.manual_seed(1)
torch.backends.cuda.matmul.allow_tf32 = False

SIZES = {
    "grokking": {"V": 114, "T": 3, "C": 128, "H": 4, "L": 1, "M": 512, "B": 3830, "norm": False, "O": 114},
    "decoder": {"V": 256, "T": 64, "C": 64, "H": 4, "L": 4, "M": 256, "B": 64, "norm": True, "O": 256},
    "ensemble": {"V": 64, "T": 32, "C": 32, "H": 2, "L": 2, "M": 0, "B": 32, "norm": False, "O": 64},
}
S = SIZES[STEP]
LAST = STEP == "grokking"
# "everywhere": as a training script has it, every position computed and the last one taken of the logits.
CUT = LAST and WAY != "everywhere"


def randn(*shape, scale):
    return (scale * torch.randn(*shape)).to(DEVICE)


def weights():
    c, m = S["C"], S["M"]
    w = {"token": randn(S["V"], c, scale=c**-0.5), "position": randn(S["T"], c, scale=c**-0.5)}
    for layer in range(S["L"]):
        for name in ("query", "key", "value", "output"):
            w[f"{layer}.{name}"] = randn(c, c, scale=c**-0.5)
        if S["norm"]:
            for name in ("norm1", "norm2"):
                w[f"{layer}.{name}.gain"], w[f"{layer}.{name}.bias"] = (torch.ones(c).to(DEVICE), torch.zeros(c).to(DEVICE))
            for name in ("query", "key", "value", "output"):
                w[f"{layer}.{name}_bias"] = torch.zeros(c).to(DEVICE)
        if m:
            w[f"{layer}.in"], w[f"{layer}.out"] = randn(c, m, scale=c**-0.5), randn(m, c, scale=m**-0.5)
            w[f"{layer}.in_bias"], w[f"{layer}.out_bias"] = torch.zeros(m).to(DEVICE), torch.zeros(c).to(DEVICE)
    if S["norm"]:
        w["norm.gain"], w["norm.bias"] = torch.ones(c).to(DEVICE), torch.zeros(c).to(DEVICE)
    w["unembedding"] = randn(c, S["O"], scale=c**-0.5)
    if S["norm"]:
        w["unembedding_bias"] = torch.zeros(S["O"]).to(DEVICE)
    return w


def affine(w, name, x):
    return F.linear(x, w[name].mT, w.get(f"{name}_bias"))


def norm(w, name, x):
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.gain"], w[f"{name}.bias"]) if S["norm"] else x


def attention(q, k, v):
    # vmap has no batching rule for the fused attention on a CPU and would loop over replicas.
    if WAY != "vmap":
        return F.scaled_dot_product_attention(q, k, v, is_causal=not LAST)
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if not LAST:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), float("-inf"))
    return scores.softmax(-1) @ v


def loss_of(w, tokens, targets):
    """Where the last position only is predicted, queries, perceptron and logits are of that position only, as here."""
    x = F.embedding(tokens, w["token"]) + w["position"][: tokens.shape[1]]
    for layer in range(S["L"]):
        n = norm(w, f"{layer}.norm1", x)
        last = n[:, -1:] if CUT else n

        def heads(x):
            return x.unflatten(-1, (S["H"], -1)).transpose(1, 2)

        q, k, v = (heads(affine(w, f"{layer}.{name}", s)) for name, s in (("query", last), ("key", n), ("value", n)))
        a = attention(q, k, v).transpose(1, 2).flatten(2)
        x = (x[:, -1:] if CUT else x) + affine(w, f"{layer}.output", a)
        if S["M"]:
            hidden = affine(w, f"{layer}.in", norm(w, f"{layer}.norm2", x))
            hidden = F.gelu(hidden, approximate="tanh") if S["norm"] else F.relu(hidden)
            x = x + affine(w, f"{layer}.out", hidden)
    logits = affine(w, "unembedding", norm(w, "norm", x))
    logits = logits[:, -1] if LAST else logits
    # torch.func.vmap has no batching rule that reshapes targets in place: flatten explicitly.
    return F.cross_entropy(logits.reshape(-1, S["O"]), targets.reshape(-1))


def batch(*lead):
    tokens = torch.randint(S["V"], (*lead, S["B"], S["T"])).to(DEVICE)
    targets = torch.randint(S["O"], (*lead, S["B"]) if LAST else (*lead, S["B"], S["T"])).to(DEVICE)
    return tokens, targets


def adamw(parameters):
    # Foreach is the fastest way on a CPU; fused is it on a GPU.
    kind = {"fused": True} if DEVICE == "cuda" else {"foreach": True}
    capturable = {"capturable": True} if WAY == "graphed" else {}
    return torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=1.0, **kind, **capturable)


def single():
    """One model and one optimiser, as a training script has them."""
    w = {name: value.requires_grad_() for name, value in weights().items()}
    tokens, targets = batch()
    optimizer = adamw(w.values())
    compute = torch.compile(loss_of) if WAY == "compiled" else loss_of

    def step():
        optimizer.zero_grad(set_to_none=WAY != "graphed")
        loss = compute(w, tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    return step


def loop():
    steps = [single() for _ in range(R)]

    def step():
        for one in steps:
            loss = one()
        return loss

    return step


def vmap():
    """R models as one: gradients through torch.func, AdamW on the stacked parameters."""
    models = [weights() for _ in range(R)]
    w = {name: torch.stack([model[name] for model in models]).requires_grad_() for name in models[0]}
    tokens, targets = batch(R)
    optimizer = adamw(w.values())
    gradient = torch.func.vmap(torch.func.grad_and_value(loss_of))

    def step():
        gradients, losses = gradient(w, tokens, targets)
        for name, value in w.items():
            value.grad = gradients[name]
        optimizer.step()
        return losses

    return step


def graphed():
    step = single()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay():
        graph.replay()
        return loss

    return replay


step = {"eager": single, "everywhere": single, "compiled": single, "graphed": graphed, "loop": loop, "vmap": vmap}[WAY]()


def finish():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


for _ in range(3):
    step()
finish()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        done += 1
    finish()
    print(json.dumps({"steps": done * R, "seconds": time.perf_counter() - began}), flush=True)
