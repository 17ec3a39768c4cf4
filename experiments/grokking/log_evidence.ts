/** Log rows of everything but the losses, which the main loop logs. */
import type { RunContext } from "../../lib/run/mod.ts";
import type { Evidence } from "./evidence.ts";
import { nBetaOf } from "./coefficient_study.ts";
import type { columns } from "./columns.ts";
import type { options } from "./setting.ts";
import { MATRICES } from "./spectral.ts";

type Log = RunContext<typeof options, typeof columns, Evidence>["log"];

/** Measures, spectra and key frequencies of the main replicas. */
export function logProgress({ snapshots, progress: { measured, finals } }: Evidence, log: Log): void {
  measured.forEach((replicas, index) =>
    replicas.forEach((found, replica) => {
      const { step } = snapshots[index];
      const row = (quantity: string, value: number) => log("measure", { step, replica, quantity, value });
      row("restricted loss", found.restrictedLoss);
      row("restricted loss, test pairs", found.testRestrictedLoss);
      row("excluded loss", found.excludedLoss);
      row("gini embedding", found.giniEmbedding);
      row("gini logits", found.giniLogits);
      row("explained", found.explained);
      for (const name of MATRICES) {
        row(`effective rank ${name}`, found.ranks[name]);
        row(`distance ${name}`, found.distances[name]);
        row(`angle ${name}`, found.angles[name]);
      }
      found.embedding.forEach((embedding, k) =>
        log("spectrum", { step, replica, frequency: k + 1, embedding, logits: found.logits[k] })
      );
    })
  );
  finals.forEach(({ keys, neurons }, replica) =>
    keys.forEach((frequency, index) => log("key", { replica, frequency, neurons: neurons[index] }))
  );
}

/** Interventions. */
export function logBranch({ branches }: Evidence, log: Log): void {
  for (const row of branches) log("branch", { ...row });
}

/**
 * Learning coefficients, and how they were sampled.
 *
 * @param evidence What was found.
 * @param pairs Training pairs n of the main replicas.
 * @param log The log.
 */
export function logCoefficients({ coefficients, replicas, setting }: Evidence, pairs: number, log: Log): void {
  if (coefficients.length === 0) return;
  log("sampler", {
    chains: setting["coefficient-chains"],
    burnIn: setting["coefficient-burn-in"],
    draws: setting["coefficient-draws"],
    lr: setting["coefficient-lr"],
    nBeta: nBetaOf(setting, pairs),
    pull: setting["coefficient-pull"],
  });
  for (const { step, replica, coefficient: value, least, most, lossAtCentre: loss, rHat, warnings } of coefficients) {
    const { condition } = replicas[replica];
    log("coefficient", { step, replica, condition, value, least, most, loss, rHat, warnings });
  }
}
