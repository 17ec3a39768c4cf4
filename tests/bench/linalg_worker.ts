/** The benchmark's singular value decompositions in this project; answers lines of the protocol in contender.ts. */
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { hostSingularValues, hostSvd } from "../../lib/linalg/host/host_svd.ts";
import { singularValues, svd } from "../../lib/linalg/svd.ts";
import { answerRounds, replaying, type Work } from "./answer_rounds.ts";

/** B matrices M × N, with or without vectors. */
export interface SvdConfig {
  readonly B: number;
  readonly M: number;
  readonly N: number;
  readonly vectors: boolean;
  readonly where: "cpu" | "kernels";
}

/** The work of decomposing the matrices one after the other, on one thread. */
function onTheCpu(a: Float32Array, { B, M, N, vectors }: SvdConfig): Work["time"] {
  const decompose = vectors ? hostSvd : hostSingularValues;
  return (count) => {
    const start = performance.now();
    for (let index = 0; index < count * B; index++) {
      const b = index % B;
      decompose(a.subarray(b * M * N, (b + 1) * M * N), { M, N });
    }
    return Promise.resolve((performance.now() - start) / 1000);
  };
}

if (import.meta.main) {
  const config: SvdConfig = JSON.parse(Deno.args[0]);
  const { B, M, N, vectors, where } = config;
  const values = Float32Array.from({ length: B * M * N }, (_, k) => Math.sin((k + 1) ** 2));
  if (where === "cpu") await answerRounds({ time: onTheCpu(values, config), about: { adapter: null } });
  else {
    const gpu = await openGpu();
    using a = Tensor.from(values, [B, M, N]);
    using program = await record("svd", () => vectors ? svd(a) : singularValues(a));
    await answerRounds({ time: replaying(program), warmUp: 0, about: { adapter: gpu.adapter } });
  }
}
