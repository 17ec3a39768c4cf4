/** The benchmark's matrix product in this project; answers lines of the protocol in contender.ts. */
import { matmul, type MatmulVariant } from "../../kernels/matmul/matmul.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { answerRounds, replaying } from "./answer_rounds.ts";

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
  await answerRounds({ time: replaying(program), about: { adapter: gpu.adapter } });
}
