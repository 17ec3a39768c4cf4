/** Transformers of linear self-attention: no softmax, no perceptron, matrices merged or factorised. */
import { add } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { momentProduct } from "../../kernels/attention/moment_product.ts";
import { slice } from "../../kernels/arrange/blocks.ts";
import { select } from "../../kernels/arrange/gather.ts";
import { queryTokens } from "../../kernels/arrange/query_tokens.ts";
import { negate, scale } from "../../kernels/elementwise/unary.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { expectWeights, linear } from "./layers.ts";
import type { ParameterSpecs, Weights } from "./parameters.ts";

/** Sizes and switches of a linear transformer. */
export interface LinearTransformerOptions {
  /** Width C of a token. */
  readonly width: number;
  /** Layers, ≥ 1; 1 by default. */
  readonly layers?: number;
  /** Whether all layers have the same weights (a recurrent model); false by default. */
  readonly shared?: boolean;
  /**
   * `merged`: W_P and W_Q as in arXiv 2504.12916, which stand for W_P W_V and W_Kᵀ W_Q; `factorised`: query, key, value and
   * output matrices, as in arXiv 2212.07677.
   */
  readonly matrices?: "merged" | "factorised";
  /** Whether the last token, the query, is also a key and a value; true by default, as in arXiv 2504.12916. */
  readonly queryIsKey?: boolean;
  /**
   * Whether moments are means over the N context tokens; true by default, as in arXiv 2504.12916. false: sums, as in
   * arXiv 2212.07677, where the step size of the first updates is N times as large.
   */
  readonly average?: boolean;
  /**
   * Tokens that the last layer updates and `apply` returns: all of them (default), or the `query` alone, (R, B, 1, C), which
   * is all that a prediction needs and saves most of the work of one layer.
   */
  readonly readout?: "tokens" | "query";
  /** Standard deviation of the initial weights. */
  readonly deviation: number;
  /** Weight of a layer's output in the next residual stream, e.g. 0.75 to iterate with damping; 1 by default. */
  readonly damping?: number;
}

/** Model of token vectors, as plain data: its parameters, and its map of tokens to tokens. */
export interface VectorModel {
  /** Parameters of one replica. */
  readonly parameters: ParameterSpecs;
  /**
   * Runs the model.
   *
   * @param weights Parameters (R, …) by name.
   * @param tokens Token vectors (R, B, T, C).
   * @returns Token vectors (R, B, T, C) after the last layer, (R, B, 1, C) with `readout: "query"`.
   * @throws {ShapeError} If tokens have another width, or there is no query beside them.
   */
  apply(weights: Weights, tokens: Tensor): Tensor;
}

/**
 * Linear self-attention with residual connections: `Z ← Z + W_P (1/N Σ_i z_i z_iᵀ) W_Q Z`, N the number of tokens without
 * the query, which is the last one. (arXiv 2504.12916, 2212.07677.)
 *
 * Vectors stand in rows here: `Z ← Z + (Z W_Q) (1/N Σ_i z_iᵀ z_i) W_P`, with matrices (in, out) that are the transposes of
 * the formula's. Factorised
 * matrices are multiplied first, `W_Q W_Kᵀ` and `W_V W_P`, so that no token meets them one by one.
 *
 * @param options Sizes and switches.
 * @returns The model. Parameters: `blocks.0.attention.query` and `.output`, for factorised matrices `.key` and `.value` too.
 * @throws {ShapeError} If width or number of layers is no positive integer.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearTransformer } from "./linear_transformer.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = linearTransformer({ width: 4, deviation: 0.1 });
 * using parameters = ParameterSet.create(model.parameters, [1, 2]);
 * using tokens = new Tensor([2, 8, 5, 4]);
 * using output = await evaluate(() => model.apply(parameters.weights, tokens));
 * assertEquals(output.shape, [2, 8, 5, 4]);
 * ```
 */
export function linearTransformer(options: LinearTransformerOptions): VectorModel {
  const { width, layers = 1, shared = false, matrices = "merged", queryIsKey = true, deviation, damping = 1 } = options;
  const { average = true, readout = "tokens" } = options;
  for (const [name, value] of Object.entries({ width, layers })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ShapeError(`linearTransformer: expected a positive integer for ${name}, found ${value}`);
    }
  }
  const names = matrices === "merged" ? ["query", "output"] : ["query", "key", "value", "output"];
  const own = shared ? 1 : layers;
  const parameters: Record<string, ParameterSpecs[string]> = {};
  for (let layer = 0; layer < own; layer++) {
    for (const name of names) {
      parameters[`blocks.${layer}.attention.${name}`] = {
        shape: [width, width],
        init: { law: "normal", deviation },
        ...(matrices === "merged" || name === "output" ? {} : { heads: 1 }),
      };
    }
  }
  return {
    parameters,
    apply(weights, tokens) {
      expectWeights("linearTransformer", parameters, weights);
      if (tokens.shape.length !== 4 || tokens.shape[3] !== width) {
        const found = `shape (${tokens.shape.join(", ")})`;
        throw new ShapeError(`linearTransformer: expected tokens (R, B, T, ${width}), found ${found}`);
      }
      let stream = tokens;
      for (let layer = 0; layer < layers; layer++) {
        const merged = mergedWeights(weights, `blocks.${shared ? 0 : layer}.attention.`, matrices);
        const last = readout === "query" && layer === layers - 1;
        const receivers = last ? slice(stream, 2, stream.shape[2] - 1, stream.shape[2]) : stream;
        const update = attend(stream, receivers, merged, { queryIsKey, average });
        stream = add(receivers, damping === 1 ? update : scale(update, damping));
      }
      return stream;
    },
  };
}

/** The matrices of a layer that its function depends on: `W_Q W_Kᵀ` and `W_V W_P` of factorised ones. */
function mergedWeights(weights: Weights, prefix: string, matrices: "merged" | "factorised") {
  const [query, output] = [weights[`${prefix}query`], weights[`${prefix}output`]];
  if (matrices === "merged") return { query, output };
  return {
    query: matmul(query, weights[`${prefix}key`], { transposeB: true }),
    output: matmul(weights[`${prefix}value`], output),
  };
}

/** Computes the update that a layer adds to the receivers (R, B, T', C). */
function attend(
  stream: Tensor,
  receivers: Tensor,
  { query, output }: { readonly query: Tensor; readonly output: Tensor },
  { queryIsKey, average }: { readonly queryIsKey: boolean; readonly average: boolean },
): Tensor {
  const [R, B, T, C] = stream.shape;
  if (T < 2) throw new ShapeError(`linearTransformer: expected tokens and a query, found ${T} in all`);
  const prompts = (x: Tensor) => x.reshape([R * B, x.shape[2], C]);
  const found = momentProduct(prompts(linear(receivers, query)), prompts(stream), queryIsKey ? T : T - 1);
  const sums = linear(found.reshape(receivers.shape), output);
  return average ? scale(sums, 1 / (T - 1)) : sums;
}

/**
 * Tokens `(x_i; y_i)` of in-context regression and the query `(x_q; 0)`, in rows.
 *
 * @param x Inputs (R, B, N + 1, D), the query last.
 * @param y Labels (R, B, N, L), or (R, B, N + 1, L), of which the query's is not read.
 * @returns Tokens (R, B, N + 1, D + L).
 * @throws {ShapeError} If there is neither one input more than labels nor as many.
 */
export function regressionTokens(x: Tensor, y: Tensor): Tensor {
  const [R, B, T, D] = x.shape;
  const [, , N, L] = y.shape;
  if (T !== N + 1 && T !== N) {
    throw new ShapeError(`regressionTokens: expected one input more than labels, found ${T} and ${N}`);
  }
  const tokens = queryTokens(x.reshape([R * B, T, D]), y.reshape([R * B, N, L]));
  return tokens.reshape([R, B, T, D + L]);
}

/**
 * Prediction of the query's label: the last number of the last token, `ŷ = output_T,C`.
 *
 * @param outputs Outputs of a model for {@linkcode regressionTokens} of one label, (R, B, T or 1, C).
 * @param options `negated`: minus that number, as a descent writes its prediction (`descentConstruction`).
 * @returns Predictions (R, B), as an exact baseline with `positions: "last"` gives them.
 * @throws {ShapeError} If outputs have not four axes.
 */
export function queryPrediction(outputs: Tensor, { negated = false }: { readonly negated?: boolean } = {}): Tensor {
  if (outputs.shape.length !== 4) {
    const found = `(${outputs.shape.join(", ")})`;
    throw new ShapeError(`queryPrediction: expected outputs (R, B, T, C), found ${found}`);
  }
  const found = select(select(outputs, 2, -1), 2, -1);
  return negated ? negate(found) : found;
}
