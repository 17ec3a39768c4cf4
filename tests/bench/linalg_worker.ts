/** The benchmark's singular value decompositions in this project; answers lines of the protocol in contender.ts. */
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { singularValues, svd } from "../../lib/linalg/svd.ts";
import { answerRounds, replaying } from "./answer_rounds.ts";

/** B matrices N × N, with or without vectors. */
export interface SvdConfig {
  readonly B: number;
  readonly N: number;
  readonly vectors: boolean;
}

if (import.meta.main) {
  const { B, N, vectors }: SvdConfig = JSON.parse(Deno.args[0]);
  const gpu = await openGpu();
  using a = Tensor.from(Float32Array.from({ length: B * N * N }, (_, k) => Math.sin((k + 1) ** 2)), [B, N, N]);
  using program = await record("svd", () => vectors ? svd(a) : singularValues(a));
  await answerRounds({ time: replaying(program), warmUp: 0, about: { adapter: gpu.adapter } });
}
