/**
 * The benchmark's matrix product in jax-js; answers lines of the protocol in ../contender.ts.
 *
 * Arrays are used up by the operation that reads them; `.ref` keeps one. A product that is dropped before it was waited
 * for is not computed, so they are kept, as many at a time as memory allows, and waited for together.
 */
import { defaultDevice, init, jit, numpy as np } from "@jax-js/jax";

const { R, M, K, N, device } = JSON.parse(Deno.args[0]);
const available = await init();
if (!available.includes(device)) throw new Error(`expected the device ${device}, found ${available.join(", ")}`);
defaultDevice(device);

const shape = (rows: number, columns: number) => R > 1 ? [R, rows, columns] : [rows, columns];
const filled = (size: number) => np.array(new Float32Array(size).map((_, k) => Math.sin(k + 1)));
const a = filled(R * M * K).reshape(shape(M, K));
const b = filled(R * K * N).reshape(shape(K, N));
const product = jit((a: np.Array, b: np.Array) => np.matmul(a, b));

const KEPT = Math.max(1, Math.min(64, Math.floor(2 ** 26 / (R * M * N))));

async function timed(count: number): Promise<number> {
  const began = performance.now();
  for (let done = 0; done < count; done += KEPT) {
    const kept = Array.from({ length: Math.min(KEPT, count - done) }, () => product(a.ref, b.ref) as np.Array);
    for (const c of kept) await c.blockUntilReady();
    for (const c of kept) c.dispose();
  }
  return (performance.now() - began) / 1000;
}

await timed(2);
let [count, seconds] = [1, await timed(1)];
while (seconds < 0.05) seconds = await timed(count *= 2);
let rate = count / seconds;
console.log(JSON.stringify({ ready: true }));
for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  count = Math.max(1, Math.round(rate * Number(line)));
  seconds = await timed(count);
  rate = count / seconds;
  console.log(JSON.stringify({ steps: count, seconds }));
}
// Its worker threads would keep the process alive.
Deno.exit(0);
