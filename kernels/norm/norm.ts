/** Rows of mean 0 and variance 1, or of mean square 1. */
import { type Array64, sizeOf } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { add, multiply, subtract } from "../elementwise/binary.ts";
import { inBothForms } from "../shared/elements.ts";
import { normColumns } from "./norm_columns.ts";
import forwardCode from "./norm_rows.wgsl" with { type: "text" };
import backwardCode from "./norm_rows_backward.wgsl" with { type: "text" };
import { mean } from "../reduce/reduce.ts";
import rowTotal from "../shared/row_total.part.wgsl" with { type: "text" };
import { lanesPerRow, type RowOptions } from "../shared/rows.ts";
import { reciprocal, scale, sqrt, square } from "../elementwise/unary.ts";

const forward = inBothForms(({ files }) =>
  kernel({
    label: "norm_rows",
    code: {
      ...files,
      "kernels/shared/row_total.part.wgsl": rowTotal,
      "kernels/norm/norm_rows.wgsl": forwardCode,
    },
    inputs: { x: ["R", "M", "C"], gain: ["G"], bias: ["B"] },
    outputs: { y: ["R", "M", "C"], mu: ["R", "M"], factor: ["R", "M"] },
    scalars: ["epsilon"],
    epilogue: { output: "y" },
    groups: ({ R, M, LANES }) => Math.ceil(R * M * LANES / 64),
  })
);

const backward = inBothForms(({ files }) =>
  kernel({
    label: "norm_rows_backward",
    code: {
      ...files,
      "kernels/shared/row_total.part.wgsl": rowTotal,
      "kernels/norm/norm_rows_backward.wgsl": backwardCode,
    },
    inputs: { x: ["R", "M", "C"], gain: ["G"], mu: ["R", "M"], factor: ["R", "M"], dy: ["R", "M", "C"] },
    outputs: { dx: ["R", "M", "C"] },
    epilogue: { output: "dx" },
    groups: ({ R, M, LANES }) => Math.ceil(R * M * LANES / 64),
  })
);

/** Options of normalisation. */
export interface NormOptions extends RowOptions {
  /** Added to the variance or mean square, > 0; by default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Normalises each row (layer normalisation): `y[r,…,c] = (x[r,…,c] − μ) / √(v + ε) · gain[r,c] + bias[r,c]` with mean μ
 * and variance v of each row, the mean square deviation (Ba et al. 2016).
 *
 * One dispatch forwards and three backwards: one for dx, two for the gradients of gain and bias.
 *
 * @param x Rows (R, …, C), finite.
 * @param gain Gains (R, C), or null for none.
 * @param bias Biases (R, C), or null for none.
 * @param options ε; how rows are spread over invocations.
 * @returns Rows (R, …, C).
 * @throws {ShapeError} If gain or bias have another shape.
 *
 * @example
 * ```ts
 * import { layerNorm } from "./norm.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 3], [1, 1, 2]);
 * using gain = Tensor.from([2, 2], [1, 2]);
 * using bias = Tensor.from([5, 5], [1, 2]);
 * using y = layerNorm(x, gain, bias);
 * assertEquals([...await y.read()].map((value) => value.toFixed(3)), ["3.000", "7.000"]);
 * ```
 */
export function layerNorm(
  x: Tensor,
  gain: Tensor | null = null,
  bias: Tensor | null = null,
  options: NormOptions = {},
): Tensor {
  return normRows("layer_norm", x, gain, bias, 1, options);
}

/**
 * Normalises each row by its root mean square: `y[r,…,c] = x[r,…,c] / √(1/C Σ_k x[r,…,k]² + ε) · gain[r,c]` (Zhang &
 * Sennrich 2019).
 *
 * @param x Rows (R, …, C), finite.
 * @param gain Gains (R, C), or null for none.
 * @param options ε; how rows are spread over invocations.
 * @returns Rows (R, …, C).
 * @throws {ShapeError} If gain has another shape.
 */
export function rmsNorm(x: Tensor, gain: Tensor | null = null, options: NormOptions = {}): Tensor {
  return normRows("rms_norm", x, gain, null, 0, options);
}

function normRows(
  label: string,
  x: Tensor,
  gain: Tensor | null,
  bias: Tensor | null,
  CENTER: 0 | 1,
  { epsilon = 1e-5, lanes }: NormOptions,
): Tensor {
  const [R, C] = [x.shape[0], x.shape.at(-1) ?? 1];
  checkParameters(label, x, { gain, bias });
  if (composing()) return composed(x, gain, bias, CENTER, epsilon);
  const rows = [R, x.size / (R * C), C];
  const LANES = lanesPerRow(label, C, { lanes });
  const flat = (tensor: Tensor) => tensor.reshape([tensor.size]);
  const inputs = { x: x.reshape(rows), gain: flat(gain ?? x) };
  const constants = { LANES, CENTER, GAIN: gain ? 1 : 0 };
  const { y, mu, factor } = forward(C)(
    { ...inputs, bias: flat(bias ?? x), epsilon },
    { ...constants, BIAS: bias ? 1 : 0 },
  );
  const present = [x, gain, bias].filter((tensor) => tensor !== null);
  return differentiable({
    label,
    inputs: present,
    output: y.reshape(x.shape),
    gradient: (d) => {
      const dy = d.reshape(rows);
      const { dx } = backward(C)({ ...inputs, mu, factor, dy }, constants);
      const parameters = gain || bias ? normColumns({ x: inputs.x, mu, factor, dy }, "rows") : null;
      return [dx, ...(gain ? [parameters!.dgain] : []), ...(bias ? [parameters!.dbias] : [])];
    },
    reference: (x, ...others) =>
      normReference(x, gain && others[0], bias && others[gain ? 1 : 0], { epsilon, center: CENTER === 1 }),
    fused: true,
  });
}

/** The same of elementary operations, which can be differentiated twice. */
function composed(x: Tensor, gain: Tensor | null, bias: Tensor | null, CENTER: 0 | 1, epsilon: number): Tensor {
  const [R, C] = [x.shape[0], x.shape.at(-1)!];
  const column = [...x.shape.slice(0, -1), 1];
  const parameter = [R, ...x.shape.slice(1, -1).map(() => 1), C];
  const centred = CENTER ? subtract(x, mean(x, [-1]).reshape(column)) : x;
  const variance = mean(square(centred), [-1]).reshape(column);
  let y = multiply(centred, reciprocal(sqrt(scale(variance, 1, epsilon))));
  if (gain) y = multiply(y, gain.reshape(parameter));
  return bias ? add(y, bias.reshape(parameter)) : y;
}

/**
 * Refuses parameters that are not one number per replica and column.
 *
 * @param label Operation.
 * @param x Rows (R, …, C).
 * @param parameters By name; null for none.
 * @throws {ShapeError} If one has another shape than (R, C), or x has fewer than two axes.
 */
export function checkParameters(label: string, x: Tensor, parameters: Record<string, Tensor | null>): void {
  const [R, C] = [x.shape[0], x.shape.at(-1)];
  if (x.shape.length < 2) {
    throw new ShapeError(`${label}: expected "x" of shape (R, …, C), found (${x.shape.join(", ")})`);
  }
  for (const [name, tensor] of Object.entries(parameters)) {
    if (!tensor || (tensor.shape.length === 2 && tensor.shape[0] === R && tensor.shape[1] === C)) continue;
    throw new ShapeError(`${label}: expected "${name}" of shape (${R}, ${C}), found (${tensor.shape.join(", ")})`);
  }
}

/** {@linkcode layerNorm} in float64; with `center: false`, {@linkcode rmsNorm}. */
export function normReference(
  x: Array64,
  gain: Array64 | null,
  bias: Array64 | null,
  { epsilon = 1e-5, center = true }: { readonly epsilon?: number; readonly center?: boolean } = {},
): Array64 {
  const C = x.shape.at(-1)!;
  const M = sizeOf(x.shape) / (x.shape[0] * C);
  const data = new Float64Array(x.data.length);
  for (let first = 0; first < data.length; first += C) {
    const row = x.data.subarray(first, first + C);
    const average = center ? row.reduce((sum, value) => sum + value, 0) / C : 0;
    const variance = row.reduce((sum, value) => sum + (value - average) ** 2, 0) / C;
    const parameters = Math.floor(first / (M * C)) * C;
    row.forEach((value, c) => {
      const normal = (value - average) / Math.sqrt(variance + epsilon);
      data[first + c] = normal * (gain?.data[parameters + c] ?? 1) + (bias?.data[parameters + c] ?? 0);
    });
  }
  return { shape: x.shape, data };
}
