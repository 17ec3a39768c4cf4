"""The default measures of `deno task measure` in NumPy, for TransformerLens-like and GPT-2 checkpoints: python FILE FOLDER [HEADS]."""

import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def effective_rank(s):
    p = s / s.sum(-1, keepdims=True)
    return np.exp(-(p * np.log(np.maximum(p, 1e-30))).sum(-1))


def decompose(m):
    """Values and right vectors of matrices, or of products through their narrow factors."""
    if not isinstance(m, tuple):
        return np.linalg.svd(m, full_matrices=False)[1:]
    (_, left), (basis, right) = np.linalg.qr(m[0]), np.linalg.qr(m[1])
    s, vt = np.linalg.svd(left @ right.transpose(0, 2, 1), full_matrices=False)[1:]
    return s, vt @ basis.transpose(0, 2, 1)


def matrices(state, heads):
    """Circuits of heads, and weights as maps (out, in), but for embeddings."""
    for name in sorted(state):
        if name.endswith("W_Q"):
            prefix = name[:-3]
            q, k, v, o = (state[prefix + "W_" + part] for part in "QKVO")
            yield prefix + "QK", q @ k.transpose(0, 2, 1)
            yield prefix + "OV", (v @ o).transpose(0, 2, 1)
        elif name.endswith("attn.c_attn.weight"):
            width = state[name].shape[0]
            split = lambda w: np.ascontiguousarray(w.reshape(width, heads, -1).transpose(1, 0, 2))
            q, k, v = (split(w) for w in np.split(state[name], 3, axis=1))
            o = state[name.replace("c_attn", "c_proj")].reshape(heads, -1, width).transpose(0, 2, 1)
            yield name + " QK", (q, k)
            yield name + " OV", (np.ascontiguousarray(o), v)
        elif re.search(r"mlp\.(c_fc|c_proj)\.weight$|mlp\.W_in$", name):
            yield name, state[name].T[None]


def main(folder, heads):
    paths = sorted(Path(folder).glob("*.safetensors"), key=lambda path: int(re.findall(r"\d+", path.name)[-1]))
    last = {name: decompose(m) for name, m in matrices(load_file(paths[-1]), heads)}
    limit = {name: isinstance(m, tuple) for name, m in matrices(load_file(paths[-1]), heads)}
    ranks = {
        name: np.full(len(s), s.shape[1]) if limit[name] else np.ceil(effective_rank(s)) for name, (s, _) in last.items()
    }
    before, rows = {}, []
    for step, path in enumerate(paths):
        state = load_file(path)
        total = np.sqrt(sum((w.astype(np.float64) ** 2).sum() for w in state.values()))
        for name, m in matrices(state, heads):
            s, vt = decompose(m)
            chosen = (np.arange(s.shape[1]) < ranks[name][:, None]) & (s > s[:, :1] * vt.shape[-1] * 2.0**-23)
            kept = vt * chosen[:, :, None]
            final = last[name][0][:, :, None] * last[name][1]
            rest = final - (final @ kept.transpose(0, 2, 1)) @ kept
            distance = np.linalg.norm(rest, axis=(1, 2)) / np.linalg.norm(final, axis=(1, 2))
            overlap = None
            if name in before:
                overlap = ((kept @ before[name].transpose(0, 2, 1)) ** 2).sum((1, 2)) / chosen.sum(1)
            before[name] = kept
            squares = (s**2).sum(-1)
            effective = [effective_rank(s[:, k:]) for k in range(4)]
            stable, ratio = squares / s[:, 0] ** 2, squares**2 / (s**4).sum(-1)
            rows.append((step, name, effective, stable, ratio, s.sum(-1), s[:, 0], np.sqrt(squares), distance, overlap))
        rows.append((step, "all", total))
    print(len(rows))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 12)
