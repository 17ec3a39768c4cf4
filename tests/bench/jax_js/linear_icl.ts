/**
 * The benchmark's training step in jax-js: fresh prompts, full matrices, `valueAndGrad` and SGD inside one `jit`.
 *
 * Answers lines of the protocol in ../contender.ts. Arrays are used up by the operation that reads them; `.ref` keeps one.
 */
import { defaultDevice, init, jit, numpy as np, random, valueAndGrad } from "@jax-js/jax";

type Array = np.Array;

const { device, d, N, B, lr, tasks } = JSON.parse(Deno.args[0]);
const available = await init();
if (!available.includes(device)) throw new Error(`expected the device ${device}, found ${available.join(", ")}`);
defaultDevice(device);

/** ½ |ŷ − W x_q|², mean over prompts; ŷ is the lower half of the last column of Z + W_P (Z Zᵀ/N) W_Q Z. */
function loss(weights: Array[], x: Array, task: Array, query: Array): Array {
  const [wP, wQ] = weights;
  const y = tasks === "dense" ? np.einsum("bij,bnj->bni", task.ref, x.ref) : x.ref.mul(task.ref.reshape([B, 1, d]));
  const target = tasks === "dense" ? np.einsum("bij,bj->bi", task, query.ref) : task.mul(query.ref);
  const zQuery = np.concatenate([query, np.zeros([B, d])], 1);
  const z = np.concatenate([np.concatenate([x, y], 2), zQuery.ref.reshape([B, 1, 2 * d])], 1);
  const u = np.matmul(zQuery, np.matrixTranspose(wQ));
  const scores = np.einsum("bnw,bw->bn", z.ref, u).mul(1 / N);
  const hidden = np.einsum("bnw,bn->bw", z, scores);
  const update = np.matmul(hidden, np.matrixTranspose(wP));
  const error = update.slice([], [d, 2 * d]).sub(target);
  return error.ref.mul(error).sum().mul(0.5 / B);
}

const lossAndGradient = valueAndGrad(loss);

const step = jit((wP: Array, wQ: Array, key: Array) => {
  const keys = random.split(key, 4);
  const [tokens, task, query] = [1, 2, 3].map((index) => keys.ref.slice(index));
  const x = random.normal(tokens, [B, N, d]);
  const w = random.normal(task, tasks === "dense" ? [B, d, d] : [B, d]);
  const [value, [dP, dQ]] = lossAndGradient([wP.ref, wQ.ref], x, w, random.normal(query, [B, d]));
  return [wP.sub(dP.mul(lr)), wQ.sub(dQ.mul(lr)), keys.slice(0), value];
});

const start = () => np.array(new Float32Array(4 * d * d).map((_, k) => 0.05 * Math.sin(k + 1))).reshape([2 * d, 2 * d]);
let [wP, wQ, key] = [start(), start(), random.key(1)];

async function steps(count: number): Promise<number> {
  let last = NaN;
  for (let k = 0; k < count; k++) {
    let value: Array;
    [wP, wQ, key, value] = step(wP, wQ, key) as Array[];
    // The last loss waits for all steps before it.
    if (k === count - 1) [last] = await value.data() as Float32Array;
    else value.dispose();
  }
  return last;
}

await steps(3);
console.log(JSON.stringify({ ready: true }));
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const line of lines) {
  const seconds = Number(line);
  const began = performance.now();
  let [done, value] = [0, NaN];
  while (performance.now() - began < seconds * 1000) {
    value = await steps(8);
    done += 8;
  }
  console.log(JSON.stringify({ steps: done, seconds: (performance.now() - began) / 1000, loss: value }));
}
// Its worker threads would keep the process alive.
Deno.exit(0);
