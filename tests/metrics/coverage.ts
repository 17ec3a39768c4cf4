/** Repetitions of an estimate side by side, and how often their intervals hold the true value. */
import { assert, assertLess } from "@std/assert";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import {
  type LearningCoefficient,
  type LearningCoefficientOptions,
  learningCoefficients,
} from "../../lib/metrics/learning_coefficient.ts";
import { ParameterSet, type ParameterSpecs } from "../../lib/models/parameters.ts";

/** Repetitions, chains of each, and their dynamics. */
export interface Repetitions extends Omit<LearningCoefficientOptions, "parameters" | "loss"> {
  readonly repetitions: number;
  readonly chains: number;
  /** Shapes of parameters, 0 at w*. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** Estimates at w* = 0, each from chains with seeds of their own. */
export async function repeated(
  { repetitions, chains, shapes, ...dynamics }: Repetitions,
  loss: (parameters: ParameterSet, clock: Tensor<"u32">) => Tensor,
): Promise<LearningCoefficient[]> {
  const specs: ParameterSpecs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, init: { law: "constant", value: 0 } }]),
  );
  const seeds = Array.from({ length: repetitions * chains }, (_, seed) => 1000 + seed);
  using parameters = ParameterSet.create(specs, seeds);
  return await learningCoefficients({ parameters, loss: (clock) => loss(parameters, clock), chains, ...dynamics });
}

/**
 * Checks that 95 % intervals hold a value in 91 to 99 of 100 repetitions (of 200 repetitions, 2.6 standard errors around
 * 95), and that the mean of all chains is that value, to four standard errors and a bias of the steps.
 */
export function assertCovered(found: readonly LearningCoefficient[], value: number, bias: number): void {
  const share = found.filter(({ low, high }) => low <= value && value <= high).length / found.length;
  assert(share >= 0.91 && share <= 0.99, `${share} of ${found.length} intervals hold ${value}`);
  const chains = found.flatMap((one) => one.chains);
  const mean = chains.reduce((sum, one) => sum + one, 0) / chains.length;
  const squares = chains.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const error = Math.sqrt(squares) / chains.length;
  assertLess(Math.abs(mean - value), 4 * error + bias * value, `${mean} ± ${error} for ${value}`);
}
