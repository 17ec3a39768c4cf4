/** The trained main ensemble on prompts whose input covariance is not that of training. */
import { fixedPoint } from "../../lib/theory/linear_icl/closed_form.ts";
import { decoupledTestLoss, testLoss } from "../../lib/theory/linear_icl/miscalibration.ts";
import { mean } from "./evidence.ts";
import { follow, type Watch } from "./follow.ts";
import { ensemble, type Setting, taskLaw } from "./setting.ts";
import type { State } from "./state.ts";

/** Loss of the trained models on prompts whose inputs have `factor` times the training covariance. */
export interface ShiftRow {
  readonly factor: number;
  /** The paper's fixed point, put into its decoupled loss. */
  readonly paper: number;
  /** The exact loss of the exact flow's end, averaged over replicas. */
  readonly exact: number;
  /** Measured loss of each replica; empty where only theory is asked for. */
  readonly measured: readonly number[];
}

const TEST_STEPS = 64;

/** Tests the trained ensemble on shifted covariances, by training steps with a learning rate of zero on fresh prompts. */
export async function covarianceShift(
  setting: Setting,
  seeds: readonly number[],
  trained: readonly { init: Float32Array; flow: Pick<State, "p2" | "q1"> }[],
  watch: Watch,
): Promise<ShiftRow[]> {
  const { spectrum, context, shifts } = setting;
  const outputs = setting.tasks === "dense" ? spectrum.length : 1;
  const replicas = shifts.flatMap((factor) =>
    seeds.map((seed, replica) => ({
      // Half of the seed space away: prompts that no replica was trained on.
      seed: (seed + 2 ** 31) >>> 0,
      context,
      lr: 0,
      spectrum: spectrum.map((s) => factor * s),
      init: trained[replica].init,
    }))
  );
  using model = await ensemble(setting, replicas);
  const sums = new Float64Array(replicas.length);
  const steps = Array.from({ length: TEST_STEPS }, (_, step) => step + 1);
  for await (const { loss } of follow(model, "covariance shift", steps, watch)) {
    loss?.forEach((value, replica) => sums[replica] += value / TEST_STEPS);
  }
  const measured = (factor: number) => {
    const index = shifts.indexOf(factor);
    return index < 0 ? [] : [...sums.subarray(index * seeds.length, (index + 1) * seeds.length)];
  };
  const [low, high] = [Math.min(...shifts), Math.max(...shifts)];
  const grid = Array.from({ length: 41 }, (_, index) => low * (high / low) ** (index / 40));
  return [...new Set([...shifts, ...grid])].sort((a, b) => a - b).map((factor) => {
    const shifted = spectrum.map((s) => factor * s);
    const data = { context: shifted, query: shifted, length: context };
    const exact = trained.map(({ flow }, replica) =>
      testLoss(taskLaw(setting, seeds[replica]), { p: flow.p2, q: flow.q1 }, data)
    );
    return {
      factor,
      paper: outputs * decoupledTestLoss(fixedPoint({ spectrum, context }), { spectrum: shifted, context }, shifted),
      exact: mean(exact),
      measured: measured(factor),
    };
  });
}
