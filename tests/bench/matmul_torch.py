"""The benchmark's matrix product in PyTorch; answers lines of the protocol in contender.ts."""

import json
import sys
import time

import torch

config = json.loads(sys.argv[1])
R, M, K, N = (config[key] for key in ("R", "M", "K", "N"))
torch.set_num_threads(config["threads"])
shape = [R] if R > 1 else []
a = torch.randn(*shape, K, M).mT if config.get("transposeA") else torch.randn(*shape, M, K)
b = torch.randn(*shape, N, K).mT if config.get("transposeB") else torch.randn(*shape, K, N)
c = torch.empty(*shape, M, N)
for _ in range(3):
    torch.matmul(a, b, out=c)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    seconds, done = float(line), 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        torch.matmul(a, b, out=c)
        done += 1
    print(json.dumps({"steps": done, "seconds": time.perf_counter() - began}), flush=True)
