/** Gradients of gains and biases of normalised rows: sums over all rows of a replica. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { inBothForms } from "../shared/elements.ts";
import partsCode from "./norm_columns.wgsl" with { type: "text" };
import totalCode from "./norm_columns_total.wgsl" with { type: "text" };

const partsBy = (BY_ROW: 0 | 1) =>
  inBothForms(({ files, width }) => {
    const statistic = `alias Statistic = ${BY_ROW ? "f32" : "Element"};`;
    const run = kernel({
      label: "norm_columns",
      code: {
        ...files,
        "kernels/norm/norm_columns.ts": statistic,
        "kernels/norm/norm_columns.wgsl": partsCode,
      },
      inputs: { x: ["R", "M", "C"], mu: ["A"], factor: ["A"], dy: ["R", "M", "C"] },
      outputs: { dgain: ["R", "P", "C"], dbias: ["R", "P", "C"] },
      scalars: ["span"],
      groups: ({ R, P, C }) => Math.ceil(R * P * C / width / 64),
    });
    return (tensors: Record<"x" | "mu" | "factor" | "dy", Tensor>, P: number, span: number) =>
      run({ ...tensors, span }, { P, BY_ROW });
  });

const byRow = partsBy(1);
const byColumn = partsBy(0);

const totals = inBothForms(({ files, width }) =>
  kernel({
    label: "norm_columns_total",
    code: { ...files, "kernels/norm/norm_columns_total.wgsl": totalCode },
    inputs: { gains: ["R", "P", "C"], biases: ["R", "P", "C"] },
    outputs: { dgain: ["R", "C"], dbias: ["R", "C"] },
    groups: ({ R, C }) => Math.ceil(R * C / width / 64),
  })
);

/** Normalised rows and the gradient of the result. */
export interface NormalisedRows {
  /** Rows before they were normalised (R, M, C). */
  readonly x: Tensor;
  /** Subtracted mean, (R, M) or (R, C). */
  readonly mu: Tensor;
  /** Factor of the difference, of the same shape. */
  readonly factor: Tensor;
  /** Gradient of gain times normalised row plus bias (R, M, C). */
  readonly dy: Tensor;
}

/**
 * Sums the gradients of gain and bias, `dgain[r,c] = Σ_m dy x̂` and `dbias[r,c] = Σ_m dy` with x̂ = (x − μ) s, in two
 * dispatches: about √M sums of √M rows, then their sum. The order depends on M alone.
 *
 * @param rows Rows (R, M, C), their statistics and gradients.
 * @param statistics Whether μ and s belong to rows or columns.
 * @returns Gradients (R, C).
 */
export function normColumns(
  { x, mu, factor, dy }: NormalisedRows,
  statistics: "rows" | "columns",
): { readonly dgain: Tensor; readonly dbias: Tensor } {
  const [, M, C] = x.shape;
  const span = Math.ceil(Math.sqrt(M));
  checkLoopIterations("norm_columns", span);
  const flat = { x, mu: mu.reshape([mu.size]), factor: factor.reshape([factor.size]), dy };
  const parts = (statistics === "rows" ? byRow : byColumn)(C)(flat, Math.ceil(M / span), span);
  return totals(C)({ gains: parts.dgain, biases: parts.dbias });
}
