/** Labels of linear functions: real with noise, signs, or classes drawn from logistic probabilities. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey, normals } from "../../lib/random/random.ts";
import { integersBelow, logistics } from "../../lib/random/laws.ts";
import code from "./linear_labels.wgsl" with { type: "text" };
import { drawAt, type Place, type PlaceKeys } from "../random/prompt_place.ts";
import { placeFiles } from "../random/place.ts";

/** `v + σ ε`; `sign(v + σ ε)`; or ±1 with `P(+1) = 1 / (1 + e^−v)`. */
export type LabelKind = "real" | "sign" | "logistic";

const KINDS: readonly LabelKind[] = ["real", "sign", "logistic"];

const labels = kernel({
  label: "linear_labels",
  code: { ...placeFiles, "kernels/tasks/linear_labels.wgsl": code },
  inputs: {
    place: ["R", "B", "4"],
    x: ["R", "B", "N", "D"],
    w: ["R", "B", "O", "W"],
    levels: ["R", "K"],
  },
  outputs: { y: ["R", "B", "N", "O"], sigma: ["R", "B"] },
  scalars: ["key", "list_key", "level_key", "list_level_key"],
  groups: ({ R, B, N, O, D }) => {
    checkLoopIterations("linear_labels", 4 * (D + 1));
    return Math.ceil(R * B * Math.ceil(N * O / 4) / 64);
  },
});

/** Inputs, weights and noise of labels. */
export interface LabelInputs {
  /** Places (R, B, 4) of the noise. */
  readonly place: Tensor<"u32">;
  /** Inputs (R, B, N, D); D ≤ 16 382 on a software adapter. */
  readonly x: Tensor;
  /** Weights (R, B, O, D), or (R, B, O, D + 1) with an intercept as their last entry. */
  readonly w: Tensor;
  /** Noise levels σ (R, K), one of which is chosen for every prompt. */
  readonly levels: Tensor;
}

/** Names of the draws of labels. */
export interface LabelKeys {
  /** Noise, or the uniform numbers of logistic labels. */
  readonly noise: PlaceKeys;
  /** Choice of the level. */
  readonly level: PlaceKeys;
}

/**
 * Draws labels of `v = Σ_d w[o,d] x[n,d] (+ w[o,D])`, with ε ~ N(0, 1) being number n O + o of the draw at the prompt's
 * place.
 *
 * @param inputs Places, inputs, weights, noise levels.
 * @param keys Names of the draws.
 * @param kind Which labels. Logistic ones have no further noise.
 * @param noisy Whether any level differs from 0: without noise none is drawn.
 * @returns Labels y (R, B, N, O) and each prompt's level σ (R, B).
 */
export function linearLabels(
  { place, x, w, levels }: LabelInputs,
  keys: LabelKeys,
  kind: LabelKind,
  noisy: boolean,
): { y: Tensor; sigma: Tensor } {
  const names = {
    key: drawKey(keys.noise.key),
    list_key: drawKey(keys.noise.listKey),
    level_key: drawKey(keys.level.key),
    list_level_key: drawKey(keys.level.listKey),
  };
  return labels({ place, x, w, levels, ...names }, { KIND: KINDS.indexOf(kind), NOISE: noisy ? 1 : 0 });
}

/** One prompt of {@linkcode linearLabels}, on the host. */
export interface LabelInputsReference {
  /** Place of the noise. */
  readonly place: Place;
  /** Inputs (N, D). */
  readonly x: ArrayLike<number>;
  /** Weights (O, D) or (O, D + 1). */
  readonly w: ArrayLike<number>;
  /** Noise levels (K). */
  readonly levels: readonly number[];
}

/**
 * {@linkcode linearLabels} of one prompt in double precision, before the sign is taken.
 *
 * @param inputs Place, inputs, weights, noise levels.
 * @param keys Names of the draws.
 * @param kind Which labels.
 * @param sizes Dimension D and outputs O.
 * @returns `v + noise` (N, O), whose sign is the label for the kinds other than `"real"`, and σ.
 */
export function linearLabelsReference(
  { place, x, w, levels }: LabelInputsReference,
  keys: LabelKeys,
  kind: LabelKind,
  { D, O }: { D: number; O: number },
): { score: Float64Array; sigma: number } {
  const W = w.length / O;
  const [level] = integersBelow(drawAt(place, keys.level), levels.length, 1);
  const sigma = levels[level];
  const count = x.length / D * O;
  const noise = kind === "logistic"
    ? logistics(drawAt(place, keys.noise), count)
    : normals(drawAt(place, keys.noise), count).map((value) => sigma * value);
  const score = noise.map((value, label) => {
    const [n, o] = [Math.floor(label / O), label % O];
    for (let d = 0; d < D; d++) value += w[o * W + d] * x[n * D + d];
    return W > D ? value + w[o * W + D] : value;
  });
  return { score, sigma };
}
