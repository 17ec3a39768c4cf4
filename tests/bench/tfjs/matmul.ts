/**
 * The benchmark's matrix product in TensorFlow.js; answers lines of the protocol in ../contender.ts.
 *
 * A round is as many products as fill it, and then waits for the last one; its backend's queue runs them in order.
 */
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";

const { R, M, K, N, transposeA = false, transposeB = false, device } = JSON.parse(Deno.args[0]);
const folder = new URL("./dist/", import.meta.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
setWasmPaths(String(folder));
setThreadsCount(navigator.hardwareConcurrency);
if (!await tf.setBackend(device)) throw new Error(`expected the backend ${device}, found that it does not start`);
await tf.ready();

const shape = (rows: number, columns: number): [number, number, number] => [R, rows, columns];
const a = tf.randomNormal(transposeA ? shape(K, M) : shape(M, K));
const b = tf.randomNormal(transposeB ? shape(N, K) : shape(K, N));

/** Makes `count` products and waits for the last one. */
async function products(count: number): Promise<void> {
  for (let k = 0; k < count; k++) {
    const c = tf.matMul(a, b, transposeA, transposeB);
    // Only what is read is waited for: one entry spares the copy.
    if (k === count - 1) {
      const corner = tf.slice(c, [0, 0, 0], [1, 1, 1]);
      await corner.data();
      corner.dispose();
    }
    c.dispose();
  }
}

async function timed(count: number): Promise<number> {
  const began = performance.now();
  await products(count);
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
// Worker threads would keep the process alive.
Deno.exit(0);
