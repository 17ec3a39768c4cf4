/** The benchmark's singular value decompositions in jax-js; answers lines of the protocol in ../contender.ts. */
import { blockUntilReady, defaultDevice, init, numpy as np } from "@jax-js/jax";

const { device, B, N } = JSON.parse(Deno.args[0]);
const available = await init();
if (!available.includes(device)) throw new Error(`expected the device ${device}, found ${available.join(", ")}`);
defaultDevice(device);

const a = np.array(Float32Array.from({ length: B * N * N }, (_, k) => Math.sin((k + 1) ** 2))).reshape([B, N, N]);

async function decompose(): Promise<number> {
  const [u, s, vt] = np.linalg.svd(a.ref, { fullMatrices: false });
  const [first] = await s.data();
  await blockUntilReady([u, vt]);
  u.dispose();
  vt.dispose();
  return first;
}

const value = await decompose();
if (!(value > 0)) throw new Error(`expected a positive singular value, found ${value}`);
console.log(JSON.stringify({ ready: true }));
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const line of lines) {
  const seconds = Number(line);
  const began = performance.now();
  let done = 0;
  while (performance.now() - began < seconds * 1000) {
    await decompose();
    done++;
  }
  console.log(JSON.stringify({ steps: done, seconds: (performance.now() - began) / 1000 }));
}
// Its worker threads would keep the process alive.
Deno.exit(0);
