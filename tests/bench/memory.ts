/** Resident memory over a million training steps. */
import { openGpu } from "../../lib/gpu/device.ts";
import { alignedInit } from "../../lib/models/linear_icl.ts";
import { linearIcl } from "../../lib/train/linear_icl.ts";
import type { Section } from "./linear_icl.ts";
import { table } from "./measure.ts";

const STEPS = 1_000_000;
const SAMPLES = 10;

/** Resident memory at a step. */
interface Sample {
  readonly step: number;
  readonly mebibytes: number;
  readonly seconds: number;
}

/** Trains 10⁶ steps of a small ensemble (d = 4, N = 32, 64 prompts, R = 2) and samples the process's resident memory. */
export async function memorySection(): Promise<Section<readonly Sample[]>> {
  await openGpu();
  const spectrum = [1, 1, 1, 1];
  const replicas = [1, 2].map((seed) => ({ seed, context: 32, lr: 1e-3, spectrum, init: alignedInit(4, 0.05) }));
  const law = { tasks: "commuting", pool: "fresh", sampler: "statistics" } as const;
  using training = await linearIcl({ replicas, batch: 64, ...law });
  const rows: Sample[] = [];
  const began = performance.now();
  // Reports in between, so that snapshots and losses are read back as in a real run.
  const reports = Array.from({ length: 1000 }, (_, k) => (k + 1) * STEPS / 1000);
  for await (const { step } of training.run({ reports })) {
    if (step % (STEPS / SAMPLES) !== 0) continue;
    const mebibytes = Math.round(Deno.memoryUsage().rss / 2 ** 20);
    rows.push({ step, mebibytes, seconds: (performance.now() - began) / 1000 });
  }
  return {
    title: "Resident memory over 10⁶ steps",
    markdown: table(
      ["step", "MiB", "s"],
      rows.map(({ step, mebibytes, seconds }) => [`${step}`, `${mebibytes}`, seconds.toFixed(1)]),
    ),
    data: rows,
  };
}
