/** The step size and the pull of chains, from a grid of them that runs side by side. */
import { sampleChains } from "./chain_sampling.ts";
import { coefficientsOf, type LearningCoefficient, type LearningCoefficientOptions } from "./learning_coefficient.ts";

/** A grid of dynamics. */
export interface CalibrationOptions extends Omit<LearningCoefficientOptions, "lr" | "localisation"> {
  /** Step sizes η, rising. */
  readonly lr: readonly number[];
  /** Strengths γ of the pull; 0 alone by default. */
  readonly localisation?: readonly number[];
  /** Chains of each pair of them; `parameters` has |γ| · |η| · chains replicas, all at one w*. */
  readonly chains: number;
  /** Steps that the Metropolis rule is asked about; 16 by default. */
  readonly looks?: number;
}

/** An estimate, and what tells whether its step size and pull will do. */
export interface CalibrationCell extends LearningCoefficient {
  /** Step size η. */
  readonly lr: number;
  /** Strength γ of the pull. */
  readonly localisation: number;
  /**
   * Probability that a Metropolis rule would accept a step, mean over chains and steps: 1 where steps are so small that the
   * dynamics sample their density, near 0 where they do not.
   */
  readonly acceptance: number;
}

/** Estimates of a grid, and those to trust. */
export interface ChainCalibration {
  /** Every pair, step sizes rising within one pull. */
  readonly cells: readonly CalibrationCell[];
  /**
   * Of each pull the largest step size that will do: 9 of 10 steps or more are accepted at it and at all smaller ones, it
   * carries no warning, and its interval meets those of all smaller ones without a warning. There may be none.
   */
  readonly chosen: readonly CalibrationCell[];
}

/** Where a Metropolis rule accepts fewer steps, chains sample another density. */
const ACCEPTED = 0.9;

/**
 * Runs {@linkcode learningCoefficients} for a grid of step sizes η and pulls γ at one w*, side by side, so that they are
 * chosen by what they do to the estimate and not guessed.
 *
 * Small steps forget slowly where they began (their chains drift and disagree), large ones sample another density: for a
 * quadratic loss of curvature h the estimate is too large by the factor `1 / (1 − η (nβ h + γ)/4)`, and a Metropolis rule
 * (Roberts & Tweedie 1996) refuses steps. The pull decides what is measured: directions flatter than γ / nβ count for next
 * to nothing. So estimates are compared at one γ.
 *
 * @param options Model, loss, and grid.
 * @returns All estimates, and the step size to take for each pull.
 * @throws {RangeError} As `learningCoefficient`; if step sizes do not rise, or replicas are not those of the grid.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { sum } from "../../kernels/reduce/reduce.ts";
 * import { square } from "../../kernels/elementwise/unary.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { calibrateChains } from "./chain_calibration.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const specs = { w: { shape: [10], init: { law: "constant", value: 0 } } } as const;
 * using parameters = ParameterSet.create(specs, Array.from({ length: 3 * 8 }, (_, seed) => seed));
 * const loss = () => sum(square(parameters.weights.w), [1]);
 * const grid = { lr: [1e-7, 2e-4, 3e-3], chains: 8, burnIn: 100, draws: 200 };
 * const { chosen: [{ lr }] } = await calibrateChains({ parameters, loss, nBeta: 500, ...grid });
 * assertEquals(lr, 2e-4); // 1e-7 has not moved, 3e-3 is close to the limit of stability at 4e-3.
 * ```
 */
export async function calibrateChains(options: CalibrationOptions): Promise<ChainCalibration> {
  const { parameters: { replicas: R }, lr: rates, localisation: pulls = [0], chains, draws, looks = 16 } = options;
  if (rates.length === 0 || rates.some((rate, index) => !(rate > (index > 0 ? rates[index - 1] : 0)))) {
    throw new RangeError(`calibrateChains: expected step sizes above 0 that rise, found ${rates.join(", ")}`);
  }
  const grid = pulls.flatMap((localisation) => rates.map((lr) => ({ localisation, lr })));
  if (R !== grid.length * chains) {
    const expected = `${grid.length * chains} replicas, ${chains} for each of ${grid.length} pairs`;
    throw new RangeError(`calibrateChains: expected ${expected}, found ${R}`);
  }
  const each = (of: (cell: typeof grid[number]) => number) =>
    grid.flatMap((cell) => new Array<number>(chains).fill(of(cell)));
  const sampled = await sampleChains({
    ...options,
    label: "calibrateChains",
    key: options.key ?? "learningCoefficient",
    lr: each(({ lr }) => lr),
    localisation: each(({ localisation }) => localisation),
    looks: Math.min(looks, draws),
  });
  const found = coefficientsOf(sampled, { ...options, lr: (group) => grid[group].lr });
  const cells = grid.map((cell, index): CalibrationCell => {
    const own = sampled.acceptance.slice(index * chains, (index + 1) * chains);
    return { ...found[index], ...cell, acceptance: own.reduce((sum, one) => sum + one / chains, 0) };
  });
  return {
    cells,
    chosen: pulls.flatMap((pull) => chosenOf(cells.filter(({ localisation }) => localisation === pull))),
  };
}

/** The largest step size of one pull that will do, if any. */
function chosenOf(cells: readonly CalibrationCell[]): CalibrationCell[] {
  const refused = cells.findIndex(({ acceptance, coefficient }) =>
    !(acceptance >= ACCEPTED) || !Number.isFinite(coefficient)
  );
  const sound = (refused < 0 ? cells : cells.slice(0, refused)).filter(({ warnings }) => warnings.length === 0);
  const agrees = (cell: CalibrationCell) =>
    sound.every(({ low, high, lr }) => lr > cell.lr || (cell.high >= low && cell.low <= high));
  return sound.filter(agrees).slice(-1);
}
