/** The benchmark's singular value decompositions in jax-js; answers lines of the protocol in ../contender.ts. */
import { blockUntilReady, defaultDevice, init, numpy as np } from "@jax-js/jax";

const { device, B, N } = JSON.parse(Deno.args[0]);
const available = await init();
if (!available.includes(device)) throw new Error(`expected the device ${device}, found ${available.join(", ")}`);
defaultDevice(device);

const a = np.array(Float32Array.from({ length: B * N * N }, (_, k) => Math.sin((k + 1) ** 2))).reshape([B, N, N]);

async function decompose(): Promise<{ u: Float32Array; s: Float32Array }> {
  const [u, s, vt] = np.linalg.svd(a.ref, { fullMatrices: false });
  await blockUntilReady([vt.ref]);
  vt.dispose();
  return { u: await u.data() as Float32Array, s: await s.data() as Float32Array };
}

/** Refuses results that have not converged, whose time says nothing: columns of the first U must be orthogonal. */
function check(u: Float32Array): void {
  let worst = 0;
  for (let i = 0; i < N; i++) {
    for (let j = 0; j < i; j++) {
      let overlap = 0;
      for (let k = 0; k < N; k++) overlap += u[k * N + i] * u[k * N + j];
      worst = Math.max(worst, Math.abs(overlap));
    }
  }
  if (worst < 0.1) return;
  console.error(`error: expected orthogonal columns of U, found cosines up to ${worst.toFixed(2)}`);
  Deno.exit(1);
}

check((await decompose()).u);
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
