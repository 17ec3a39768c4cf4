/** The benchmark's singular value decompositions in this project; answers lines of the protocol in contender.ts. */
import { TextLineStream } from "@std/streams/text-line-stream";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { singularValues, svd } from "../../lib/linalg/svd.ts";

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
  const time = async (count: number) => {
    const start = performance.now();
    program.replay(count);
    await gpu.finish();
    return (performance.now() - start) / 1000;
  };
  let rate = 1 / await time(1);
  console.log(JSON.stringify({ ready: true, adapter: gpu.adapter }));
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const count = Math.max(1, Math.round(rate * Number(line)));
    const seconds = await time(count);
    rate = count / seconds;
    console.log(JSON.stringify({ steps: count, seconds }));
  }
}
