/** The benchmark's training step in this project; answers lines of the protocol in contender.ts. */
import { openGpu } from "../../lib/gpu/device.ts";
import { alignedInit, type LinearIclOptions } from "../../lib/models/linear_icl.ts";
import { linearIcl } from "../../lib/train/linear_icl.ts";
import { answerRounds } from "./answer_rounds.ts";

/** Sizes and laws; inputs have unit covariance. */
export interface WorkerConfig extends Pick<LinearIclOptions, "tasks" | "sampler" | "step"> {
  readonly d: number;
  readonly N: number;
  readonly B: number;
  readonly R: number;
  readonly lr: number;
}

if (import.meta.main) {
  const { d, N, B, R, lr, ...law }: WorkerConfig = JSON.parse(Deno.args[0]);
  const { adapter } = await openGpu();
  const replicas = Array.from({ length: R }, (_, seed) => ({
    seed,
    context: N,
    lr,
    spectrum: Array<number>(d).fill(1),
    init: alignedInit(d, 0.05),
  }));
  const began = performance.now();
  using training = await linearIcl({ replicas, batch: B, pool: "fresh", ...law });
  let step = 0;
  /** Trains `count` more steps; seconds taken. */
  const train = async (count: number) => {
    const start = performance.now();
    for await (const report of training.run({ reports: [step + count] })) step = report.step;
    return (performance.now() - start) / 1000;
  };
  await train(1);
  const createMs = performance.now() - began;
  await answerRounds({
    time: train,
    steps: R,
    warmUp: 0.1,
    about: { adapter, createMs },
    after: () => ({ rss: Deno.memoryUsage().rss }),
  });
}
