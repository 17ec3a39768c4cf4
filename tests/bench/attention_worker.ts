/** The benchmark's attention in this project, with its gradient; answers lines of the protocol in contender.ts. */
import { attention, type AttentionSharing } from "../../kernels/attention/attention.ts";
import { gradients } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { answerRounds, replaying } from "./answer_rounds.ts";

/** Replicas, sequences, keys, queries (all of them, causal, or the last alone), heads and their width. */
export interface AttentionConfig {
  readonly R: number;
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly E: number;
  /** How lanes share rows; by default as found best for the adapter. */
  readonly sharing?: AttentionSharing;
}

if (import.meta.main) {
  const { R, B, T, S, H, E, sharing }: AttentionConfig = JSON.parse(Deno.args[0]);
  const gpu = await openGpu();
  const waves = (rows: number, columns: number) => {
    const length = R * B * rows * columns;
    return Tensor.from(Float32Array.from({ length }, (_, k) => Math.sin(k + 1)), [R, B, rows, columns]);
  };
  const C = H * E;
  using weights = waves(S, C);
  const inputs = S === T ? { qkv: waves(T, 3 * C) } : { q: waves(S, C), kv: waves(T, 2 * C) };
  using program = await record("attention", () => {
    const y = attention(inputs, { heads: H, causal: true, sharing });
    return gradients(y, Object.values(inputs), { weights });
  });
  await answerRounds({ time: replaying(program), about: { adapter: gpu.adapter } });
}
