"""The benchmark's singular value decompositions by LAPACK; answers lines of the protocol in contender.ts."""

import json
import os
import sys
import time

config = json.loads(sys.argv[1])
B, M, N, vectors, library = (config[key] for key in ("B", "M", "N", "vectors", "library"))
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = str(config["threads"])

import numpy as np

a = np.sin((np.arange(B * M * N) + 1.0) ** 2).astype(np.float32).reshape(B, M, N)
if library == "torch":
    import torch

    torch.set_num_threads(config["threads"])
    tensor = torch.from_numpy(a)
    if vectors:
        step = lambda: torch.linalg.svd(tensor, full_matrices=False)
    else:
        step = lambda: torch.linalg.svdvals(tensor)
else:
    step = lambda: np.linalg.svd(a, full_matrices=False, compute_uv=vectors)
step()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        done += 1
    print(json.dumps({"steps": done, "seconds": time.perf_counter() - began}), flush=True)
