/** Samples on the unit sphere around given centres: the von Mises–Fisher law. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey, normals, uniforms } from "../../lib/random/random.ts";
import { gammaPairs } from "../../lib/random/laws.ts";
import type { RandomDraw } from "../random/random_fill.ts";
import { placeFiles } from "../random/place.ts";
import unit from "./unit_rows.wgsl" with { type: "text" };
import code from "./von_mises_fisher.wgsl" with { type: "text" };

/** Tries of which one succeeds: each does with probability above ½. */
const MAX_TRIES = 64;

/**
 * Scales rows to length one: `y[m] ← y[m] / |y[m]|`, in place.
 *
 * @param y Rows (M, D), none of them zero; D ≤ 32 767 on a software adapter.
 */
export const unitRows: KernelOf<"y"> = kernel({
  label: "unit_rows",
  code: { "kernels/tasks/unit_rows.wgsl": unit },
  inputs: { y: ["M", "D"] },
  outputs: {},
  groups: ({ M, D }) => {
    checkLoopIterations("unit_rows", 2 * D);
    return Math.ceil(M / 64);
  },
});

const vmf = kernel({
  label: "von_mises_fisher",
  code: { ...placeFiles, "kernels/tasks/von_mises_fisher.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], kappa: ["R"], centre: ["R", "K", "D"], choice: ["R", "B", "1"] },
  outputs: { z: ["R", "B", "D"] },
  scalars: ["key", "beta_key", "accept_key"],
  groups: ({ R, B, D }) => {
    // All tries, each with all tries of its gamma numbers: far more than ever happens.
    checkLoopIterations("von_mises_fisher", MAX_TRIES * 65 + 3 * D);
    return Math.ceil(R * B / 64);
  },
});

/** Centres and concentrations of clusters. */
export interface Clusters {
  /** Concentration κ ≥ 0 of each replica (R). */
  readonly kappa: Tensor;
  /** Unit vectors (R, K, D), 2 ≤ D ≤ 20 000. */
  readonly centre: Tensor;
  /** Number of the centre, modulo K (R, B, 1). */
  readonly choice: Tensor<"u32">;
}

/**
 * Draws samples of density ∝ exp(κ v·z) on the unit sphere of D dimensions, by Wood's rejection method (1994).
 *
 * @param draw Seeds, clock and key.
 * @param clusters Centres, concentrations, and which centre each sample has.
 * @returns Unit vectors z (R, B, D).
 */
export function vonMisesFisher({ seeds, clock, key }: RandomDraw, { kappa, centre, choice }: Clusters): Tensor {
  const names = { key: drawKey(key), beta_key: drawKey(`${key} beta`), accept_key: drawKey(`${key} accept`) };
  return vmf({ seeds, clock, kappa, centre, choice, ...names }).z;
}

/**
 * {@linkcode vonMisesFisher} of one sample in double precision.
 *
 * @param draw Where the sample stands; the item is its number in the batch.
 * @param kappa Concentration κ ≥ 0.
 * @param centre Unit vector (D).
 * @returns Unit vector (D).
 */
export function vonMisesFisherReference(draw: Draw, kappa: number, centre: ArrayLike<number>): Float64Array {
  const D = centre.length;
  const a = (D - 1) / 2;
  const s = a / (kappa + Math.hypot(kappa, a));
  const x0 = (1 - s) / (1 + s);
  const u = uniforms({ ...draw, key: `${draw.key} accept` }, 4 * MAX_TRIES);
  const pairs = gammaPairs({ ...draw, key: `${draw.key} beta` }, a, MAX_TRIES);
  let [less, more] = [0, 2];
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const [x, y] = pairs[attempt];
    less = 2 * s * x / (y + s * x);
    more = 2 * y / (y + s * x);
    const w = 1 - less;
    const bound = kappa * (w - x0) + 2 * a * Math.log((1 - x0 * w) / (1 - x0 * x0));
    if (bound >= Math.log(u[4 * attempt])) break;
  }
  const g = normals(draw, D);
  const along = g.reduce((sum, value, d) => sum + value * centre[d], 0);
  const across = g.map((value, d) => value - along * centre[d]);
  const radius = Math.sqrt(less * more / across.reduce((sum, value) => sum + value * value, 0));
  return across.map((value, d) => (1 - less) * centre[d] + radius * value);
}
