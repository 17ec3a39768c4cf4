/** Training runs in common coordinates. */
import { Tensor } from "../gpu/tensor.ts";
import { pca, randomizedPca } from "../linalg/pca.ts";
import { svdReference } from "../linalg/reference.ts";

/** Several trajectories in the directions in which all of them together vary most. */
export interface TrajectoryPca {
  /** Coordinates of each trajectory (T_i, K), row-major, as they were given. */
  readonly scores: readonly Float64Array[];
  /** Share of the variance along each direction (K), from the largest. */
  readonly explained: Float64Array;
  /** Directions as rows (K, F). */
  readonly components: Float64Array;
  /** Mean of all points (F). */
  readonly mean: Float64Array;
  /**
   * Coordinates of points that took no part in the fit.
   *
   * @param points Points (T, F), row-major.
   * @returns Coordinates (T, K).
   */
  project(points: ArrayLike<number>): Float64Array;
}

/** Columns beyond which directions are found from random ones. */
const MANY = 2048;

/**
 * Joint trajectory PCA (Carroll et al. 2025): points of all trajectories stacked, centred together, and projected on their
 * K leading principal components, on the GPU; so runs are seen in the same picture. A point may be parameters, or
 * predictions on fixed inputs. Solutions to compare with are projected afterwards and do not take part in the fit.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { trajectoryPca } from "./trajectory_pca.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const { scores, explained } = await trajectoryPca([[0, 0, 3, 4], [0, 0, -3, -4]], 2, 1);
 * assertAlmostEquals(explained[0], 1, 1e-6);
 * assertAlmostEquals(Math.abs(scores[0][1] - scores[1][1]), 10, 1e-5);
 * ```
 *
 * @param trajectories Points of each run (T_i, F), row-major, finite; two points in all at least.
 * @param F Numbers a point has.
 * @param K Components, 1 … min(Σ T_i, F); 2 by default.
 * @returns Coordinates, shares of variance, directions; each direction's largest entry is positive.
 * @throws {RangeError} If a trajectory is no whole number of points.
 */
export async function trajectoryPca(
  trajectories: readonly ArrayLike<number>[],
  F: number,
  K = 2,
): Promise<TrajectoryPca> {
  const { stacked, S } = stack(trajectories, F);
  using x = Tensor.from(stacked, [S, F]);
  const large = Math.min(S, F) > MANY && 4 * K < MANY;
  const { mean, components, variances, scores } = large ? randomizedPca(x, K) : pca(x, K);
  try {
    const columns = await components.read();
    const rows = Float64Array.from({ length: K * F }, (_, index) => columns[(index % F) * K + Math.floor(index / F)]);
    const centre = Float64Array.from(await mean.read());
    return finish(trajectories, {
      rows,
      centre,
      variances: await variances.read(),
      total: variance(stacked, centre),
      F,
      K,
    });
  } finally {
    for (const tensor of [mean, components, variances, scores]) tensor.destroy();
  }
}

/**
 * {@linkcode trajectoryPca} in float64, on the host.
 *
 * @param trajectories Points of each run (T_i, F), row-major.
 * @param F Numbers a point has.
 * @param K Components.
 * @returns Coordinates, shares of variance, directions.
 * @throws {RangeError} If a trajectory is no whole number of points.
 */
export function trajectoryPcaReference(trajectories: readonly ArrayLike<number>[], F: number, K = 2): TrajectoryPca {
  const { stacked, S } = stack(trajectories, F);
  const centre = new Float64Array(F);
  stacked.forEach((value, index) => centre[index % F] += value / S);
  const { s, v } = svdReference(stacked.map((value, index) => value - centre[index % F]), S, F);
  const rows = Float64Array.from({ length: K * F }, (_, index) => v[(index % F) * s.length + Math.floor(index / F)]);
  const variances = s.slice(0, K).map((value) => value * value / Math.max(1, S - 1));
  return finish(trajectories, { rows, centre, variances, total: variance(stacked, centre), F, K });
}

function stack(trajectories: readonly ArrayLike<number>[], F: number): { stacked: Float64Array; S: number } {
  const length = trajectories.reduce((sum, { length }) => sum + length, 0);
  const odd = trajectories.find((points) => points.length % F !== 0);
  if (odd !== undefined) {
    throw new RangeError(`trajectoryPca: expected whole points of ${F} numbers, found ${odd.length} numbers`);
  }
  const stacked = new Float64Array(length);
  let at = 0;
  for (const points of trajectories) {
    stacked.set(points, at);
    at += points.length;
  }
  return { stacked, S: length / F };
}

/** Sum of the variances of all columns, divided by S − 1. */
function variance(stacked: Float64Array, centre: Float64Array): number {
  const F = centre.length;
  const squares = stacked.reduce((sum, value, index) => sum + (value - centre[index % F]) ** 2, 0);
  return squares / Math.max(1, stacked.length / F - 1);
}

interface Fit {
  readonly rows: Float64Array;
  readonly centre: Float64Array;
  readonly variances: ArrayLike<number>;
  readonly total: number;
  readonly F: number;
  readonly K: number;
}

function finish(
  trajectories: readonly ArrayLike<number>[],
  { rows, centre, variances, total, F, K }: Fit,
): TrajectoryPca {
  for (let k = 0; k < K; k++) {
    const own = rows.subarray(k * F, (k + 1) * F);
    const largest = own.reduce((most, value) => Math.abs(value) > Math.abs(most) ? value : most, 0);
    if (largest < 0) own.forEach((value, f) => own[f] = -value);
  }
  const project = (points: ArrayLike<number>) =>
    Float64Array.from({ length: points.length / F * K }, (_, index) => {
      const [t, k] = [Math.floor(index / K), index % K];
      let sum = 0;
      for (let f = 0; f < F; f++) sum += (points[t * F + f] - centre[f]) * rows[k * F + f];
      return sum;
    });
  const explained = Float64Array.from({ length: K }, (_, k) => total === 0 ? 0 : variances[k] / total);
  return { scores: trajectories.map(project), explained, components: rows, mean: centre, project };
}
