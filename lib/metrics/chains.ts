/** Whether chains of a sampler agree with each other and have settled. */

/** Above this, chains disagree. */
const LARGEST_R_HAT = 1.1;
/** A drift below this share of the excess loss is no reason to doubt. */
const SMALL_DRIFT = 0.05;

/** Diagnostics of Markov chains. */
export interface ChainDiagnostics {
  /** Split R̂. */
  readonly rHat: number;
  /** Mean of the second half minus that of the first, over all chains. */
  readonly drift: number;
  /** Standard error of the drift, over chains; NaN for one. */
  readonly driftError: number;
  /** Faults found in the chains, in words. */
  readonly warnings: readonly string[];
}

/**
 * Potential scale reduction `R̂ = √(((n − 1)/n W + B/n) / W)` of chains split in halves (Gelman et al. 2013): W is the mean
 * variance within halves of length n, B/n the variance of their means. Near 1 where chains have the same distribution from
 * their first half to their last.
 *
 * @example
 * ```ts
 * import { splitRHat } from "./chains.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Halves (0, 2) and (4, 6): W = 2, B/n = 8, n = 2.
 * assertAlmostEquals(splitRHat([[0, 2, 4, 6]]), Math.sqrt((0.5 * 2 + 8) / 2));
 * ```
 *
 * @param chains Draws of each chain, equally many, at least 4; of an odd number the middle one is left out.
 * @returns R̂ ≥ √((n − 1)/n); NaN for fewer draws or none that vary.
 */
export function splitRHat(chains: readonly ArrayLike<number>[]): number {
  const n = Math.floor(chains[0].length / 2);
  if (n < 2) return NaN;
  const halves = chains.flatMap((chain) => [Array.from(chain).slice(0, n), Array.from(chain).slice(-n)]);
  const means = halves.map(mean);
  const within = mean(halves.map(variance));
  return within === 0 ? NaN : Math.sqrt(((n - 1) / n * within + variance(means)) / within);
}

/**
 * R̂, drift, and warnings of chains of losses.
 *
 * Chains drift if the second half of their draws lies apart from the first by more than 3 standard errors over chains and
 * 5 % of the excess over the loss at the centre; for a single chain, by more than a quarter of it.
 *
 * @param chains Losses of each chain after burn-in.
 * @param centre Loss at the parameters that chains began at.
 * @param error How far the mean loss may lie off by the noise of batches.
 * @returns Diagnostics.
 */
export function describeChains(
  chains: readonly ArrayLike<number>[],
  centre: number,
  error: number = 0,
): ChainDiagnostics {
  const rHat = splitRHat(chains);
  const half = Math.floor(chains[0].length / 2);
  const drifts = chains.map((chain) => mean(Array.from(chain).slice(-half)) - mean(Array.from(chain).slice(0, half)));
  const drift = mean(drifts);
  const driftError = Math.sqrt(variance(drifts) / drifts.length);
  const excess = mean(chains.map((chain) => mean(Array.from(chain)))) - centre;
  const warnings: string[] = [];
  if (!Number.isFinite(excess)) warnings.push("chains diverged: a smaller lr is needed");
  else {
    const apart = chains.length > 1
      ? Math.abs(drift) > 3 * driftError && Math.abs(drift) > SMALL_DRIFT * Math.abs(excess)
      : Math.abs(drift) > Math.abs(excess) / 4;
    if (apart) {
      warnings.push(
        `losses still drift, by ${
          (drift / Math.abs(excess)).toFixed(2)
        } of their excess between halves: a longer burn-in is needed`,
      );
    }
    if (rHat > LARGEST_R_HAT) {
      warnings.push(`chains disagree (R̂ = ${rHat.toFixed(2)}): more draws or a larger lr are needed`);
    }
    if (excess < -error) warnings.push("chains found smaller losses than at the centre, which is no minimum");
  }
  return { rHat, drift, driftError, warnings };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Divided by n − 1; NaN for one value. */
function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
