/** Lists of steps at which training reports. */

/**
 * Lists steps 0, `every`, 2 `every`, … and the last one.
 *
 * @param every Distance between reports, ≥ 1; 0 for none but the first and the last, as `--checkpoint-every=0` has it.
 * @param total Last step, ≥ 0.
 * @returns Steps in order.
 * @throws {RangeError} If a number is no whole one, or below its least.
 */
export function everySteps(every: number, total: number): number[] {
  expectWhole("everySteps", { every, total }, 0);
  if (every === 0) return [...new Set([0, total])];
  const steps = Array.from({ length: Math.ceil(total / every) }, (_, index) => index * every);
  return [...steps, total];
}

/**
 * Lists at most `count` steps from 0 to the last one, all at one distance but for the last.
 *
 * @param count Number of steps, ≥ 2.
 * @param total Last step, ≥ 1.
 * @returns Steps in order.
 * @throws {RangeError} If a number is no whole one, or below its least.
 *
 * @example
 * ```ts
 * import { evenSteps } from "./steps.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(evenSteps(4, 300), [0, 100, 200, 300]);
 * assertEquals(evenSteps(4, 7), [0, 3, 6, 7]);
 * ```
 */
export function evenSteps(count: number, total: number): number[] {
  expectWhole("evenSteps", { count }, 2);
  expectWhole("evenSteps", { total }, 1);
  return everySteps(Math.ceil(total / (count - 1)), total);
}

/**
 * Lists step 0 and about `count` steps from 1 to the last one, evenly spaced in their logarithm.
 *
 * @param count Number of steps, ≥ 2.
 * @param total Last step, ≥ 1.
 * @returns Distinct steps in order.
 * @throws {RangeError} If a number is no whole one, or below its least.
 *
 * @example
 * ```ts
 * import { logarithmicSteps } from "./steps.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(logarithmicSteps(4, 1000), [0, 1, 10, 100, 1000]);
 * ```
 */
export function logarithmicSteps(count: number, total: number): number[] {
  expectWhole("logarithmicSteps", { count }, 2);
  expectWhole("logarithmicSteps", { total }, 1);
  const steps = Array.from({ length: count }, (_, index) => Math.round(total ** (index / (count - 1))));
  return [...new Set([0, ...steps])];
}

/**
 * Chooses steps that draw a curve well on a linear and on a logarithmic axis: step 0 and about `count` steps, half of them
 * evenly spaced, half evenly spaced in their logarithm.
 *
 * @param count Number of steps, ≥ 2.
 * @param total Last step, ≥ 1.
 * @returns Distinct steps in order.
 * @throws {RangeError} If a number is no whole one, or below its least.
 *
 * @example
 * ```ts
 * import { linearAndLogarithmicSteps } from "./steps.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(linearAndLogarithmicSteps(4, 100), [0, 10, 50, 100]);
 * ```
 */
export function linearAndLogarithmicSteps(count: number, total: number): number[] {
  expectWhole("linearAndLogarithmicSteps", { count }, 2);
  expectWhole("linearAndLogarithmicSteps", { total }, 1);
  const half = Math.floor(count / 2);
  const indices = Array.from({ length: half }, (_, index) => index + 1);
  return unionOfSteps(
    [0, total],
    indices.map((index) => Math.round(total * index / half)),
    indices.map((index) => Math.round(total ** (index / half))),
  );
}

/**
 * Joins lists of steps, such as those of reports and of checkpoints, each step once and in order.
 *
 * @param lists Lists of steps.
 * @returns Their union, ascending.
 *
 * @example
 * ```ts
 * import { everySteps, unionOfSteps } from "./steps.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unionOfSteps(everySteps(4, 10), everySteps(5, 10)), [0, 4, 5, 8, 10]);
 * ```
 */
export function unionOfSteps(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

/**
 * Chooses some of the steps of reports, for what is too dear to be measured at all of them: about evenly spaced in their
 * logarithm, up to the last one.
 *
 * @param steps Steps to choose from, ascending; 0 is passed over.
 * @param choice How many, and the first one, about.
 * @returns The nearest steps, each once: fewer where there are no more.
 *
 * @example
 * ```ts
 * import { logarithmicChoice, logarithmicSteps } from "./steps.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(logarithmicChoice(logarithmicSteps(7, 1000), { count: 3, from: 10 }), [10, 100, 1000]);
 * ```
 */
export function logarithmicChoice(
  steps: readonly number[],
  { count, from }: { readonly count: number; readonly from: number },
): number[] {
  const planned = steps.filter((step) => step > 0);
  const last = planned[planned.length - 1];
  const wanted = Array.from(
    { length: count },
    (_, index) => last * (last / from) ** ((index + 1 - count) / Math.max(1, count - 1)),
  );
  const distance = (step: number, to: number) => Math.abs(Math.log(step / to));
  return unionOfSteps(
    wanted.map((to) => planned.reduce((best, step) => distance(step, to) < distance(best, to) ? step : best)),
  );
}

function expectWhole(label: string, numbers: Readonly<Record<string, number>>, least: number): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isInteger(value) && value >= least) continue;
    throw new RangeError(`${label}: expected a whole number ≥ ${least} for ${name}, found ${value}`);
  }
}
