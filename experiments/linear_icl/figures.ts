/** The experiment's figures: theory beside simulation for every quantity that the claims judge. */
import type { Spec } from "../../lib/figures/mod.ts";
import type { Evidence } from "./evidence.ts";
import { conserved, loss, modes, nullBlocks, sgdNoise } from "./main_figures.ts";
import { alignment, covarianceShift, fixedPoint, mirror } from "./study_figures.ts";

/** Every figure of the run by name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  const { studies } = evidence.setting;
  return {
    modes: modes(evidence, "linear"),
    modes_log: modes(evidence, "log"),
    loss: loss(evidence),
    conserved: conserved(evidence),
    ...(evidence.theory.noise ? { null_blocks: nullBlocks(evidence), sgd_noise: sgdNoise(evidence) } : {}),
    ...(studies === "all"
      ? {
        fixed_point: fixedPoint(evidence),
        ...(evidence.alignment.length > 0 ? { alignment: alignment(evidence) } : {}),
        ...(evidence.mirror.some(({ shares }) => shares.some((share) => share !== null))
          ? { mirror: mirror(evidence) }
          : {}),
        covariance_shift: covarianceShift(evidence),
      }
      : {}),
  };
}
