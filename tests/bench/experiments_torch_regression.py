"""Training steps of transformers on regression prompts in PyTorch eager, as experiments_torch.py runs them.

S: sizes of the cpu preset; what differs from replica to replica stands in lists, of which one replica alone takes the last.
"""

import torch
import torch.nn.functional as F

from experiments_torch_decoder import Transformer, adam


def interleaved(x, y, pairs=False):
    """Tokens (x_1; 0), (0; y_1), … (R, B, 2 N, D + 1); with `pairs` (x_n; y_n) in place of (0; y_n)."""
    zeros = torch.zeros(*y.shape, 1)
    first = torch.cat((x, zeros), -1)
    second = torch.cat((x if pairs else torch.zeros_like(x), y.unsqueeze(-1)), -1)
    return torch.stack((first, second), 3).flatten(2, 3)


def predictions(outputs):
    """Outputs at the inputs' tokens (R, B, N)."""
    return outputs[:, :, ::2, 0]


def labels(x, w, noise):
    """Labels (R, B, N) of inputs (R, B, N, D) by weights (R, B, D)."""
    return (x @ w.unsqueeze(-1)).squeeze(-1) + noise * torch.randn(x.shape[:-1])


def from_lists(w, tasks):
    """Replaces new weights (R, B, D) by those of fixed lists in the replicas that have one: (replica, list (M, D))."""
    for r, listed in tasks:
        w[r] = listed[torch.randint(len(listed), (w.shape[1],))]
    return w


def transience(R, S):
    D, N, B = S["dimension"], S["context"], S["batch"]
    model = Transformer(R, D + 1, 1, 2 * N, 2, S["heads"], S["width"], S["mlp"], activation="relu")
    update = adam(model.trained(), S["lr"], S["clip"])
    lists = [(r, torch.randn(M, D)) for r, M in enumerate(S["tasks"][-R:]) if M is not None]

    def step():
        x, w = torch.randn(R, B, N, D), from_lists(torch.randn(R, B, D), lists)
        y = labels(x, w, S["variance"] ** 0.5)
        found = predictions(model(interleaved(x, y, S["tokens"] == "pairs")))
        (found - y).square().mean((1, 2)).sum().backward()
        update()

    return step


def beyond_the_training_range(R, S):
    N, B = S["points"], S["batch"]
    model = Transformer(R, 2, 1, 2 * S["longer"] * N, S["layers"], S["heads"], S["width"], S["hidden"])
    update = adam(model.trained(), S["lr"])
    laws = S["laws"][-R:]
    scale = torch.tensor([law["scale"] for law in laws]).view(R, 1, 1)
    second = torch.tensor([law["second"] for law in laws]).view(R, 1, 1)
    of_x, of_y = second.sqrt(), (second.square() + second).sqrt()
    names = [law["law"] for law in laws]
    draws = {
        "normal": lambda *shape: torch.randn(shape),
        "uniform": lambda *shape: 2 * torch.rand(shape) - 1,
        "bimodal": lambda *shape: torch.randn(shape) + (2.0 * torch.randint(2, shape) - 1),
    }
    chosen = {name: [r for r in range(R) if names[r] == name] for name in set(names)}

    def numbers(*shape):
        z = torch.empty(R, *shape)
        for name, members in chosen.items():
            z[members] = draws[name](len(members), *shape)
        return scale * z

    def step():
        x, w = numbers(B, N), numbers(B, 2)
        y = w[..., :1] * x + w[..., 1:]
        found = predictions(model(interleaved((x / of_x).unsqueeze(-1), y / of_y))) * of_y
        ((found - y) / of_y).square().mean((1, 2)).sum().backward()
        update()

    return step


def algorithm_selection(R, S, kind):
    D, N, B = S["dimension"], S["examples"], S["batch"]
    shared = dict(activation="relu", positions=False, biases=False)
    sizes = (S["layers"], S["heads"], S["width"], S["hidden"])
    encoder = kind == "encoder"
    model = (
        Transformer(R, D + 2, 1, N + 1, *sizes, attention="relu", causal=False, last=True, **shared)
        if encoder
        else Transformer(R, D + 1, 1, 2 * N + 2, *sizes, **shared)
    )
    update = adam(model.trained(), S["lr"])
    levels = torch.tensor(S["levels"])

    def step():
        x, w = torch.randn(R, B, N + 1, D), torch.randn(R, B, D) / D**0.5
        sigma = levels[torch.randint(len(levels), (R, B, 1))]
        y = labels(x, w, sigma)
        if encoder:
            shown = torch.cat((y[..., :N], torch.zeros(R, B, 1)), -1)
            known = torch.cat((torch.ones(R, B, N), torch.zeros(R, B, 1)), -1)
            found, y = model(torch.cat((x, shown.unsqueeze(-1), known.unsqueeze(-1)), -1)), y[..., N:]
        else:
            found = predictions(model(interleaved(x, y)))
        (found - y).square().mean((1, 2)).sum().backward()
        update()

    return step


def tasks_and_transfer(R, S):
    D, N, B = S["inputs"], S["pairs"], S["batch"]
    model = Transformer(R, D + 1, 1, 2 * N, S["layers"], S["heads"], S["width"], 2 * S["width"])
    update = adam(model.trained(), S["lr"])
    given = S["given"][-R:]
    of_w = torch.tensor([one["variances"] for one in given]).sqrt().view(R, 1, D)
    of_x = (of_w > 0).float().unsqueeze(1)
    lists = [(r, of_w[r] * torch.randn(one["tasks"], D)) for r, one in enumerate(given) if one["tasks"] is not None]
    # Of these, a few prompts of each task that never change.
    stored = []
    for r, listed in lists:
        M = given[r]["sequences"]
        if M is None:
            continue
        x = of_x[r] * torch.randn(len(listed), M, N, D)
        stored.append((r, x.flatten(0, 1), labels(x, listed[:, None], S["noise"]).flatten(0, 1)))

    def step():
        x, w = of_x * torch.randn(R, B, N, D), from_lists(of_w * torch.randn(R, B, D), lists)
        y = labels(x, w, S["noise"])
        for r, inputs, values in stored:
            prompt = torch.randint(len(inputs), (B,))
            x[r], y[r] = inputs[prompt], values[prompt]
        found = predictions(model(interleaved(x, y, pairs=True)))
        (found - y).square().mean((1, 2)).sum().backward()
        update()

    return step


def representations(R, S):
    d, D, N, B, sigma = S["dimension"], S["features"], S["context"], S["batch"], S["noises"][0]
    model = Transformer(R, d + 1, 1, 2 * N, S["layers"], S["heads"], S["width"], S["mlp"])
    update = adam(model.trained(), S["lr"], 1.0)
    matrices = [
        torch.linalg.qr(torch.randn(R, max(a, D), min(a, D)))[0] for a in [d] + [D] * (S["depths"][0] - 1)
    ]
    matrices = [m if m.shape[1:] == (a, D) else m.mT for m, a in zip(matrices, [d] + [D] * len(matrices))]

    def step():
        x, w = torch.randn(R, B, N, d), torch.randn(R, B, D)
        h = x.flatten(1, 2)
        for matrix in matrices:
            h = F.leaky_relu(torch.bmm(h, matrix), 0.01)
        y = labels(F.normalize(h, dim=-1).view(R, B, N, D), w, sigma)
        found = predictions(model(interleaved(x, y)))
        (found - y).square().mean((1, 2)).sum().backward()
        update()

    return step


def decoder(R, S):
    D, N, B = S["dimension"], S["context"], S["batch"]
    model = Transformer(R, D + 1, 1, 2 * N, S["layers"], S["heads"], S["width"], S["mlp"])
    update = adam(model.trained(), S["lr"])

    def step():
        x, w = torch.randn(R, B, N, D), torch.randn(R, B, D)
        y = (x @ w.unsqueeze(-1)).squeeze(-1)
        (predictions(model(interleaved(x, y))) - y).square().mean((1, 2)).sum().backward()
        update()

    return step


STEPS = {
    "decoder of regression": decoder,
    "transience": transience,
    "beyond_the_training_range": beyond_the_training_range,
    "algorithm_selection, encoder": lambda R, S: algorithm_selection(R, S, "encoder"),
    "algorithm_selection, decoder": lambda R, S: algorithm_selection(R, S, "decoder"),
    "tasks_and_transfer": tasks_and_transfer,
    "representations": representations,
}
