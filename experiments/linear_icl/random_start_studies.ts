/** Ensembles that do not start as the paper assumes: unaligned, and random in all four blocks. */
import { randomInit } from "../../lib/models/linear_icl.ts";
import { fixedPoint } from "../../lib/theory/linear_icl/closed_form.ts";
import { blocksOf, populationFlow } from "../../lib/theory/linear_icl/flow.ts";
import { each, follow, type Watch } from "./follow.ts";
import { ensemble, reportSteps, type Setting, taskLaw } from "./setting.ts";
import { offDiagonalRms, productsOf, stateOf } from "./state.ts";

/** Off-diagonal size of p2 and q1 at one step, simulated and from each replica's exact flow. */
export interface AlignmentRow {
  readonly step: number;
  readonly block: "p2" | "q1";
  readonly exact: readonly number[];
  readonly measured: readonly number[];
}

/** Scale of the unaligned start: large against SGD noise, small against the fixed point. */
const UNALIGNED_SCALE = 0.2;

/** Trains from random p2 and q1 (p1 = q2 = 0) and follows their off-diagonal entries beside the exact flow. */
export async function alignment(
  setting: Setting,
  seeds: readonly number[],
  watch: Watch,
): Promise<AlignmentRow[]> {
  const { spectrum, context, lr } = setting;
  const d = spectrum.length;
  const replicas = seeds.map((seed) => {
    const init = randomInit(d, UNALIGNED_SCALE, seed);
    return { seed, context, lr, spectrum, init };
  });
  using model = await ensemble(setting, replicas);
  const steps = reportSteps(setting["study-steps"], 60);
  const flows = await each(replicas, "alignment, exact flow", ({ seed, init }) => {
    const { p2, q1 } = stateOf(init, 0, d);
    return populationFlow({ spectrum, context }, taskLaw(setting, seed), { p: p2, q: q1 }, lr, steps).states.map(
      blocksOf,
    );
  }, watch);
  const rows: AlignmentRow[] = [];
  for await (const { step, parameters } of follow(model, "alignment", steps, watch)) {
    const index = steps.indexOf(step);
    const states = seeds.map((_, replica) => stateOf(parameters, replica, d));
    rows.push({
      step,
      block: "p2",
      exact: flows.map((flow) => offDiagonalRms(flow[index].p)),
      measured: states.map(({ p2 }) => offDiagonalRms(p2)),
    }, {
      step,
      block: "q1",
      exact: flows.map((flow) => offDiagonalRms(flow[index].q)),
      measured: states.map(({ q1 }) => offDiagonalRms(q1)),
    });
  }
  return rows;
}

/** Share of the mirror solution, p1 q2 / (p1 q2 + p2 q1), in what each mode has learned. */
export interface MirrorRow {
  readonly step: number;
  /** Counted from 0. */
  readonly mode: number;
  /** Share of each replica; null where the mode has learned less than a tenth of its fixed point. */
  readonly shares: readonly (number | null)[];
}

/** Trains from small random entries in all four blocks: which pair of blocks learns a mode? */
export async function mirror(setting: Setting, seeds: readonly number[], watch: Watch): Promise<MirrorRow[]> {
  const { spectrum, context, lr, scale } = setting;
  const d = spectrum.length;
  const replicas = seeds.map((seed) => ({ seed, context, lr, spectrum, init: randomInit(d, scale, seed, "all") }));
  using model = await ensemble(setting, replicas);
  const plateau = fixedPoint({ spectrum, context });
  const rows: MirrorRow[] = [];
  const steps = reportSteps(setting["study-steps"], 40);
  for await (const { step, parameters } of follow(model, "mirror", steps, watch)) {
    const states = seeds.map((_, replica) => stateOf(parameters, replica, d));
    for (let mode = 0; mode < d; mode++) {
      const shares = states.map(({ p1, p2, q1, q2 }) => {
        const [mirrored, direct] = [productsOf({ p2: p1, q1: q2 })[mode], productsOf({ p2, q1 })[mode]];
        return mirrored + direct < 0.1 * plateau[mode] ? null : mirrored / (mirrored + direct);
      });
      rows.push({ step, mode, shares });
    }
  }
  return rows;
}
