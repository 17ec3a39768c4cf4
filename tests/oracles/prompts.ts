/** Prompts of in-context regression with float64 copies, and how far predictions are from a reference. */
import type { Array64 } from "../../lib/autodiff/array64.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { normals } from "../../lib/random/random.ts";

/** Numbers in GPU memory and the same numbers, as rounded to single precision, in float64. */
export interface Both {
  readonly tensor: Tensor;
  readonly exact: Array64;
}

/** Numbers of a shape on both sides; the caller frees the tensor. */
export function both(shape: readonly number[], values: ArrayLike<number>): Both {
  const single = Float32Array.from(values);
  return { tensor: Tensor.from(single, shape), exact: { shape, data: Float64Array.from(single) } };
}

/** Independent N(0, 1) numbers of a shape on both sides. */
export function bothNormal(shape: readonly number[], seed: number, scale = 1): Both {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return both(shape, normals({ seed, key: "test prompts" }, count).map((value) => scale * value));
}

/** Largest difference from the reference, in units of its largest element. */
export function relativeError(actual: ArrayLike<number>, { data }: Array64): number {
  let [worst, scale] = [0, 0];
  data.forEach((value, index) => {
    // Written so that NaN is the worst of all.
    const error = Math.abs(actual[index] - value);
    if (!(error <= worst)) worst = error;
    scale = Math.max(scale, Math.abs(value));
  });
  return worst / scale;
}
