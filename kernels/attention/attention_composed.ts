/** Attention made of elementary operations: slower, but differentiable as often as they are. */
import { array64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { own } from "../../lib/gpu/trace.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { add, divide, multiply, subtract } from "../elementwise/binary.ts";
import { type AttentionInputs, attentionLayout, type AttentionOptions } from "./attention_layout.ts";
import { matmul } from "../matmul/matmul.ts";
import { max, sum } from "../reduce/reduce.ts";
import { slice } from "../arrange/blocks.ts";
import { permute } from "../arrange/strided.ts";
import { exp, relu, scale as scaled } from "../elementwise/unary.ts";

/** Added to scores of keys that a query does not see: low enough that their exponential is 0. */
const UNSEEN = -1e30;

/**
 * Computes the same function as {@linkcode attention} by matrix products, exponentials and sums.
 *
 * Holds all weights, R·B·H·S·T of them. Within a recording only: it needs constants that live as long as the program.
 *
 * @param inputs As of {@linkcode attention}.
 * @param options As of {@linkcode attention}.
 * @returns Outputs (R, B, S, H·E).
 * @throws {ShapeError} If shapes do not fit one another or the options.
 */
export function composedAttention(inputs: AttentionInputs, options: AttentionOptions): Tensor {
  const layout = attentionLayout("attention", inputs, options);
  const { R, B, N, H, S, T, E, kind, causal, scale, average } = layout;
  const [first, second] = "qkv" in inputs ? [inputs.qkv, inputs.qkv] : [inputs.q, inputs.kv];
  const heads = (x: Tensor, rows: number, at: number) =>
    permute(slice(x, 3, at, at + H * E).reshape([N, rows, H, E]), [0, 2, 1, 3]).reshape([N * H, rows, E]);
  const [q, k, v] = [heads(first, S, 0), heads(second, T, layout.keyAt), heads(second, T, layout.valueAt)];
  const scores = scaled(matmul(q, k, { transposeB: true }), scale);
  const seen = (i: number) => causal ? i + 1 + T - S : T;
  const constant = (value: (i: number, j: number) => number) => table(S, T, value);
  let weights: Tensor;
  if (kind === "softmax") {
    const visible = causal ? add(scores, constant((i, j) => j < seen(i) ? 0 : UNSEEN)) : scores;
    const powers = exp(subtract(visible, max(visible.detached, [2]).reshape([N * H, S, 1])));
    weights = divide(powers, sum(powers, [2]).reshape([N * H, S, 1]));
  } else {
    const shares = constant((i, j) => j < seen(i) ? (average ? 1 / seen(i) : 1) : 0);
    weights = multiply(kind === "relu" ? relu(scores) : scores, shares);
  }
  return permute(matmul(weights, v).reshape([N, H, S, E]), [0, 2, 1, 3]).reshape([R, B, S, H * E]);
}

/** A constant (S, T) of the program that is being recorded: an operation without inputs, so that references know it. */
function table(S: number, T: number, value: (i: number, j: number) => number): Tensor {
  const reference = () => array64([S, T], (e) => value(Math.floor(e / T), e % T));
  const output = own(Tensor.from(reference().data, [S, T], "attention.table"));
  return differentiable({ label: "attention_table", inputs: [], output, gradient: () => [], reference });
}
