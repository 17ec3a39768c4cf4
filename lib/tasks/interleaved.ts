/** Regression prompts as sequences `x_1, y_1, x_2, y_2, …` with a token for every input and every label (Garg et al. 2022). */
import { concatenate, pad, slice } from "../../kernels/arrange/blocks.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** How labels are written into tokens. */
export interface InterleavedOptions {
  /**
   * Coordinate that holds the labels. `"own"` (default): one beyond the D of the inputs, so that a token shows what it is.
   * `"first"`: the first of the D, as in the code of Garg et al.; labels differ from inputs by position alone.
   */
  readonly label?: "own" | "first";
  /**
   * Whether a label's token shows its input too, `(x_n; y_n)`; false by default. Then no layer has to bring the two together
   * before it can compare pairs. Needs labels in a coordinate of their own.
   */
  readonly pairs?: boolean;
}

/**
 * Tokens `(x_1; 0), (0; y_1), (x_2; 0), (0; y_2), …` of in-context regression, in rows: the prompts of Garg et al.
 * (arXiv 2208.01066), from which a causal model predicts every y_n at the position of x_n, before it sees it.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param options Where labels stand.
 * @returns Tokens (R, B, 2N, D + 1), or (R, B, 2N, D) with labels in the first coordinate: x_n at position 2n − 2, y_n at
 *   2n − 1, counted from 0.
 * @throws {ShapeError} If there is not one label per input, or pairs are to have their labels in the first coordinate.
 *
 * @example A decoder learns linear regression in context; least squares is exact for as many pairs as dimensions.
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { meanSquare } from "../losses.ts";
 * import { leastSquares } from "../models/baselines/mod.ts";
 * import { ParameterSet, type Weights } from "../models/parameters.ts";
 * import { transformer } from "../models/transformer.ts";
 * import { adamw } from "../optim/mod.ts";
 * import { type StepDraw, Training } from "../train/training.ts";
 * import { interleavedPredictions, interleavedTokens } from "./interleaved.ts";
 * import { linearRegression } from "./linear_regression.ts";
 * import { assertLess } from "@std/assert";
 *
 * await openGpu();
 * const prompts = linearRegression({ dimension: 2, context: 6, batch: 32 });
 * const model = transformer({ input: { dimension: 3 }, outputs: 1, length: 12, layers: 2, heads: 2, width: 16 });
 * const loss = (weights: Weights, draw: StepDraw) => {
 *   const { x, y } = prompts({ ...draw, key: "train" });
 *   return meanSquare(interleavedPredictions(model.apply(weights, interleavedTokens(x, y))), y);
 * };
 * const exact = (_: Weights, draw: StepDraw) => {
 *   const { x, y } = prompts({ ...draw, key: "test" });
 *   return meanSquare(leastSquares().apply({ x, y }), y, { reduction: "positions" });
 * };
 * using parameters = ParameterSet.create(model.parameters, [1, 2]);
 * using training = await Training.create({ parameters, optimizer: adamw({ lr: 3e-3 }), loss, evaluations: { exact } });
 * for await (const { evaluations } of training.run({ reports: [20] })) assertLess(evaluations.exact[2], 1e-9);
 * ```
 */
export function interleavedTokens(
  x: Tensor,
  y: Tensor,
  { label = "own", pairs = false }: InterleavedOptions = {},
): Tensor {
  const [R, B, N, D] = x.shape;
  if (x.shape.length !== 4 || y.shape.join() !== [R, B, N].join()) {
    const found = `(${x.shape.join(", ")}) and (${y.shape.join(", ")})`;
    throw new ShapeError(`interleavedTokens: expected inputs (R, B, N, D) and labels (R, B, N), found ${found}`);
  }
  if (pairs && label === "first") {
    throw new ShapeError(
      "interleavedTokens: expected labels in a coordinate of their own beside inputs, found the first",
    );
  }
  const labels = y.reshape([R, B, N, 1]);
  // A row of both tokens of a pair is a row of two tokens.
  if (label === "first") return pad(concatenate([x, labels], 3), 3, 0, D - 1).reshape([R, B, 2 * N, D]);
  if (pairs) return concatenate([pad(x, 3, 0, 1), x, labels], 3).reshape([R, B, 2 * N, D + 1]);
  return concatenate([pad(x, 3, 0, D + 1), labels], 3).reshape([R, B, 2 * N, D + 1]);
}

/**
 * Predictions of the labels: a model's outputs at the positions of the inputs, `ŷ_n = output at x_n`.
 *
 * They stand as those of the exact baselines do, such as `leastSquares().apply({ x, y })`: label n from the pairs before.
 *
 * @param outputs One output per token of {@linkcode interleavedTokens}, (R, B, 2N, 1).
 * @returns Predictions (R, B, N).
 * @throws {ShapeError} If there is not one output per token, or their number is odd.
 */
export function interleavedPredictions(outputs: Tensor): Tensor {
  const [R, B, T, O] = outputs.shape;
  if (outputs.shape.length !== 4 || O !== 1 || T % 2 !== 0) {
    const found = `(${outputs.shape.join(", ")})`;
    throw new ShapeError(`interleavedPredictions: expected outputs (R, B, 2N, 1), found ${found}`);
  }
  return slice(outputs.reshape([R, B, T / 2, 2]), 3, 0, 1).reshape([R, B, T / 2]);
}
