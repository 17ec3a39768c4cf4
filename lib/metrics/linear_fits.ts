/** Linear maps from one representation to several targets. */
import { regressReference } from "../linalg/reference_solve.ts";

/** How maps are fitted. */
export interface ProbeOptions {
  /** Samples that they are fitted to, from the first; they are judged by the others. 2 … S − 1. */
  readonly train: number;
  /** Ridge penalty λ ≥ 0 on the maps, 0 by default: then the shortest least-squares solution. */
  readonly ridge?: number;
}

/** Targets of every sample. */
export interface FitTargets {
  /** Targets (S, K), row-major. */
  readonly values: ArrayLike<number>;
  /** Numbers K of a sample. */
  readonly K: number;
}

/** An affine map fitted to some samples, and how well it does on the others. */
export interface ReadTarget {
  /** Matrix (F, K), row-major: `ŷ = x W + b`. */
  readonly map: Float64Array;
  /** b (K). */
  readonly offset: Float64Array;
  /** `1 − Σ‖y − ŷ‖² / Σ‖y − ȳ‖²` over the samples that were held out, ȳ their mean; 0 where they are all alike. */
  readonly r2: number;
  /** Targets less what is read of them, `y − ŷ` (S, K), of all samples. */
  readonly rest: Float64Array;
}

/**
 * Maps from one representation to several targets, by least squares or ridge regression from one decomposition in float64,
 * each judged by held-out samples.
 *
 * @param features Representation (S, F), row-major.
 * @param targets Targets by name.
 * @param sizes Samples S and features F.
 * @param options How maps are fitted.
 * @returns The map to each target.
 * @throws {RangeError} If sizes do not fit, too few samples are on either side, or the ridge is negative.
 *
 * @example
 * ```ts
 * import { linearFits } from "./linear_fits.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = [1, 2, 3, 4, 5];
 * const { line, square } = linearFits(x, {
 *   line: { values: x.map((value) => 7 - 2 * value), K: 1 },
 *   square: { values: x.map((value) => value ** 2), K: 1 },
 * }, { S: 5, F: 1 }, { train: 3 });
 * assertAlmostEquals(line.map[0], -2);
 * assertAlmostEquals(line.r2, 1);
 * // The line through 1, 4, 9 misses 25 by 25 − 50/3.
 * assertAlmostEquals(square.rest[4], 25 - 50 / 3);
 * ```
 */
export function linearFits<Name extends string>(
  features: ArrayLike<number>,
  targets: Readonly<Record<Name, FitTargets>>,
  { S, F }: { readonly S: number; readonly F: number },
  options: ProbeOptions,
): Record<Name, ReadTarget> {
  const entries = Object.entries(targets) as [Name, FitTargets][];
  if (features.length !== S * F) {
    throw new RangeError(`linearFits: expected features of ${S} × ${F} numbers, found ${features.length}`);
  }
  for (const [name, { values, K }] of entries) {
    if (values.length === S * K) continue;
    throw new RangeError(`linearFits: expected ${S} × ${K} numbers of target "${name}", found ${values.length}`);
  }
  const { train, ridge } = checkedOptions("linearFits", S, options);
  const width = entries.reduce((sum, [, { K }]) => sum + K, 0);
  const meanX = means(features, F, 0, train);
  const x = Float64Array.from({ length: train * F }, (_, index) => features[index] - meanX[index % F]);
  const y = new Float64Array(train * width);
  let column = 0;
  const places = entries.map(([name, { values, K }]) => {
    const meanY = means(values, K, 0, train);
    for (let s = 0; s < train; s++) {
      for (let k = 0; k < K; k++) y[s * width + column + k] = values[s * K + k] - meanY[k];
    }
    column += K;
    return { name, values, K, meanY, from: column - K };
  });
  const cutoff = Math.max(train, F) * 2 ** -52;
  const filter = (s: number, largest: number) => ridge > 0 ? s / (s * s + ridge) : s > cutoff * largest ? 1 / s : 0;
  const w = regressReference(x, y, train, F, width, filter);
  return Object.fromEntries(places.map(({ name, values, K, meanY, from }) => {
    const map = Float64Array.from(
      { length: F * K },
      (_, index) => w[Math.floor(index / K) * width + from + index % K],
    );
    const offset = meanY.map((mean, k) => meanX.reduce((sum, value, f) => sum - value * map[f * K + k], mean));
    const rest = Float64Array.from({ length: S * K }, (_, index) => {
      const [s, k] = [Math.floor(index / K), index % K];
      let value = values[index] - offset[k];
      for (let f = 0; f < F; f++) value -= features[s * F + f] * map[f * K + k];
      return value;
    });
    const own = means(values, K, train, S);
    let left = 0, total = 0;
    for (let index = train * K; index < S * K; index++) {
      left += rest[index] ** 2;
      total += (values[index] - own[index % K]) ** 2;
    }
    return [name, { map, offset, rest, r2: total === 0 ? 0 : 1 - left / total }];
  })) as Record<Name, ReadTarget>;
}

/** Options with all values, or the error of `label` that they cannot be met on S samples. */
export function checkedOptions(
  label: string,
  S: number,
  { train, ridge = 0 }: ProbeOptions,
): Required<ProbeOptions> {
  if (!Number.isInteger(train) || train < 2 || train >= S) {
    throw new RangeError(`${label}: expected 2 to ${S - 1} samples to fit to, found ${train}`);
  }
  if (!(ridge >= 0)) throw new RangeError(`${label}: expected ridge ≥ 0, found ${ridge}`);
  return { train, ridge };
}

/** Means of columns over some rows. */
function means(values: ArrayLike<number>, width: number, from: number, to: number): Float64Array {
  return Float64Array.from({ length: width }, (_, f) => {
    let sum = 0;
    for (let s = from; s < to; s++) sum += values[s * width + f];
    return sum / (to - from);
  });
}
