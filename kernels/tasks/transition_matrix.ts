/** Random transition matrices: rows from a Dirichlet law, and their cumulative sums for drawing from them. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey } from "../../lib/random/random.ts";
import { logGammas } from "../../lib/random/laws.ts";
import gammas from "./transition_matrix_log_gamma.wgsl" with { type: "text" };
import { drawAt, type Place, type PlaceKeys } from "../random/prompt_place.ts";
import { placeFiles } from "../random/place.ts";
import cumulative from "./softmax_cumulative.wgsl" with { type: "text" };

const logGammaAt = kernel({
  label: "transition_matrix_log_gamma",
  code: { ...placeFiles, "kernels/tasks/transition_matrix_log_gamma.wgsl": gammas },
  inputs: { place: ["R", "B", "4"], shape: ["R"] },
  outputs: { y: ["R", "B", "C"] },
  scalars: ["key", "list_key"],
  groups: ({ R, B, C }) => Math.ceil(R * B * Math.ceil(C / 2) / 64),
});

/**
 * Normalises: `p[m,i] ← e^p[m,i] / Σ_j e^p[m,j]` in place, and `c[m,i] = Σ_{j≤i} p[m,j]`, whose last entry is exactly
 * 1.
 *
 * @param p Logarithms of weights (M, V), overwritten by probabilities; V ≤ 21 845 on a software adapter.
 * @returns `c` (M, V), cumulative probabilities.
 */
export const softmaxCumulative: KernelOf<"p", "c"> = kernel({
  label: "softmax_cumulative",
  code: { "kernels/tasks/softmax_cumulative.wgsl": cumulative },
  inputs: { p: ["M", "V"] },
  outputs: { c: ["M", "V"] },
  groups: ({ M, V }) => {
    checkLoopIterations("softmax_cumulative", 3 * V);
    return Math.ceil(M / 64);
  },
});

/** Transition matrices. */
export interface Transitions {
  /** Probabilities (R, B, V, V) of column j after row i. */
  readonly probability: Tensor;
  /** Cumulative sums of the rows (R, B, V, V). */
  readonly cumulative: Tensor;
}

/**
 * Draws matrices whose rows are independent Dirichlet(α, …, α) vectors: normalised Gamma(α) numbers, summed as
 * logarithms so that no α > 0 underflows.
 *
 * @param place Places (R, B, 4).
 * @param concentration α of each replica (R), > 0.
 * @param keys Names of the draw.
 * @param states V.
 * @returns Matrices.
 */
export function transitionsAt(
  place: Tensor<"u32">,
  concentration: Tensor,
  keys: PlaceKeys,
  states: number,
): Transitions {
  const [R, B] = place.shape;
  const names = { key: drawKey(keys.key), list_key: drawKey(keys.listKey) };
  const { y } = logGammaAt({ place, shape: concentration, ...names }, { C: states * states });
  const { c } = softmaxCumulative({ p: y.reshape([R * B * states, states]) });
  const shape = [R, B, states, states];
  return { probability: y.reshape(shape), cumulative: c.reshape(shape) };
}

/**
 * {@linkcode transitionsAt} of one place in double precision.
 *
 * @param place Place on the host.
 * @param concentration α > 0.
 * @param keys Names of the draw.
 * @param states V.
 * @returns Probabilities (V, V).
 */
export function transitionsAtReference(
  place: Place,
  concentration: number,
  keys: PlaceKeys,
  states: number,
): Float64Array {
  const p = logGammas(drawAt(place, keys), concentration, states * states);
  for (let first = 0; first < p.length; first += states) {
    const row = p.subarray(first, first + states);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    row.forEach((value, i) => row[i] = Math.exp(value - largest) / sum);
  }
  return p;
}

/**
 * Takes given transition probabilities, the same for every sequence.
 *
 * @param rows Probabilities (V, V) ≥ 0; rows are divided by their sums.
 * @param replicas R.
 * @returns Matrices (R, 1, V, V).
 */
export function givenTransitions(rows: ArrayLike<number>, replicas: number): Transitions {
  const V = Math.sqrt(rows.length);
  const [probability, cumulative] = [new Float64Array(rows.length), new Float64Array(rows.length)];
  for (let first = 0; first < rows.length; first += V) {
    let total = 0;
    for (let j = 0; j < V; j++) total += rows[first + j];
    let sum = 0;
    for (let j = 0; j < V; j++) {
      sum += rows[first + j];
      probability[first + j] = rows[first + j] / total;
      cumulative[first + j] = j + 1 === V ? 1 : sum / total;
    }
  }
  const shape = [replicas, 1, V, V];
  const table = (values: Float64Array, label: string) => {
    const all = new Float32Array(replicas * values.length);
    for (let r = 0; r < replicas; r++) all.set(values, r * values.length);
    return own(Tensor.from(all, shape, label));
  };
  return { probability: table(probability, "probability"), cumulative: table(cumulative, "cumulative") };
}
