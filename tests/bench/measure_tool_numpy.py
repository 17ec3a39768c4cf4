"""The default measures of `deno task measure` in NumPy, for TransformerLens-like checkpoints: python FILE FOLDER."""

import re
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def effective_rank(s):
    p = s / s.sum(-1, keepdims=True)
    return np.exp(-(p * np.log(np.maximum(p, 1e-30))).sum(-1))


def circuits(state):
    for name in sorted(state):
        if name.endswith("W_Q"):
            prefix = name[:-3]
            q, k, v, o = (state[prefix + "W_" + part] for part in "QKVO")
            yield prefix + "QK", q @ k.transpose(0, 2, 1)
            yield prefix + "OV", (v @ o).transpose(0, 2, 1)


def main(folder):
    paths = sorted(Path(folder).glob("*.safetensors"), key=lambda path: int(re.findall(r"\d+", path.name)[-1]))
    last = dict(circuits(load_file(paths[-1])))
    spectra = {name: np.linalg.svd(m, compute_uv=False) for name, m in last.items()}
    chosen = {name: np.arange(s.shape[1]) < np.ceil(effective_rank(s))[:, None] for name, s in spectra.items()}
    norms = {name: np.linalg.norm(m, axis=(1, 2)) for name, m in last.items()}
    before, rows = {}, []
    for step, path in enumerate(paths):
        state = load_file(path)
        total = np.sqrt(sum((w.astype(np.float64) ** 2).sum() for w in state.values()))
        for name, m in circuits(state):
            _, s, vt = np.linalg.svd(m, full_matrices=False)
            kept = vt * (chosen[name] & (s > s[:, :1] * vt.shape[-1] * 2.0**-23))[:, :, None]
            final = last[name]
            rest = final - (final @ kept.transpose(0, 2, 1)) @ kept
            distance = np.linalg.norm(rest, axis=(1, 2)) / norms[name]
            overlap = None
            if name in before:
                overlap = ((kept @ before[name].transpose(0, 2, 1)) ** 2).sum((1, 2)) / chosen[name].sum(1)
            before[name] = kept
            squares = (s**2).sum(-1)
            ranks = [effective_rank(s[:, k:]) for k in range(4)]
            stable, ratio = squares / s[:, 0] ** 2, squares**2 / (s**4).sum(-1)
            rows.append((step, name, ranks, stable, ratio, s.sum(-1), s[:, 0], np.sqrt(squares), distance, overlap))
        rows.append((step, "all", total))
    print(len(rows))


if __name__ == "__main__":
    main(sys.argv[1])
