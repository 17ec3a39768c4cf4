/** The benchmark's matrix product in this project; answers lines of the protocol in contender.ts. */
import { TextLineStream } from "@std/streams/text-line-stream";
import { matmul, type MatmulVariant } from "../../kernels/matmul.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";

/** Sizes of `(R, M, K) · (R, K, N)`, and the kernel; without one, the default. */
export interface ProductConfig {
  readonly R: number;
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** Whether an operand is stored the other way round. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly variant?: MatmulVariant;
}

if (import.meta.main) {
  const { R, M, K, N, transposeA, transposeB, variant }: ProductConfig = JSON.parse(Deno.args[0]);
  const gpu = await openGpu();
  using a = Tensor.from(
    Float32Array.from({ length: R * M * K }, (_, k) => Math.sin(k + 1)),
    transposeA ? [R, K, M] : [R, M, K],
  );
  using b = Tensor.from(
    Float32Array.from({ length: R * K * N }, (_, k) => Math.cos(k + 1)),
    transposeB ? [R, N, K] : [R, K, N],
  );
  using program = await record(
    "product",
    () => matmul(a, b, { transposeA, transposeB, choice: variant && { variant } }),
  );
  const time = async (count: number) => {
    const start = performance.now();
    program.replay(count);
    await gpu.finish();
    return (performance.now() - start) / 1000;
  };
  // Waiting costs 11 ms whatever the work: a first guess of the speed needs more than that.
  let [count, seconds] = [1, await time(1)];
  while (seconds < 0.05) seconds = await time(count *= 2);
  let rate = count / seconds;
  console.log(JSON.stringify({ ready: true, adapter: gpu.adapter }));
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    count = Math.max(1, Math.round(rate * Number(line)));
    seconds = await time(count);
    rate = count / seconds;
    console.log(JSON.stringify({ steps: count, seconds }));
  }
}
