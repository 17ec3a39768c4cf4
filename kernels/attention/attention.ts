/** Attention over replicas: softmax, ReLU and linear, causal or not. */
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { currentGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { checkLoopIterations } from "../../lib/gpu/kernel.ts";
import { currentTrace, makeTensor } from "../../lib/gpu/trace.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { composedAttention } from "./attention_composed.ts";
import { fewKernels, patternKernel, singleKernels, tiledKernels } from "./attention_kernels.ts";
import {
  type AttentionInputs,
  type AttentionLayout,
  attentionLayout,
  type AttentionOptions,
} from "./attention_layout.ts";
import { attentionReference } from "./attention_reference.ts";
import { type AttentionTile, chooseAttentionTile, lanesOfHead, MOST_PIECES } from "./attention_tiles.ts";

export type { AttentionInputs, AttentionKind, AttentionOptions } from "./attention_layout.ts";
export { type AttentionSharing, type AttentionTile, chooseAttentionTile, lanesOfHead } from "./attention_tiles.ts";

/**
 * Attends: `y_i = Σ_j w_ij v_j` over the keys that query i sees, for each head, with scores `s_ij = scale · q_i·k_j`
 * and
 *
 * - `softmax`  `w_ij = exp(s_ij) / Σ_j exp(s_ij)` (Vaswani et al., 1706.03762)
 * - `relu`     `w_ij = max(s_ij, 0) / n_i`, n_i the number of keys seen (Bai et al., 2306.04637)
 * - `linear`   `w_ij = s_ij`
 *
 * One pass over keys and values, which the gradient repeats: weights are never stored, softmax keeps one number per
 * row. A key that is not seen has weight exactly 0; a query that sees one key gets its value exactly (softmax). Replica
 * r has the same bits alone and in an ensemble.
 *
 * @param inputs `qkv` (R, B, T, 3·H·E), or `q` (R, B, S, H·E) and `kv` (R, B, T, 2·H·E); finite.
 * @param options Heads, kind, mask and scale.
 * @returns Outputs (R, B, S, H·E); S = T for `qkv`.
 * @throws {ShapeError} If shapes do not fit one another or the options, or a software driver's loops would be too long.
 *
 * @example
 * ```ts
 * import { attention } from "./attention.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * // Two positions of width 1: query, key, value.
 * using qkv = Tensor.from([0, 1, 4, 0, 1, 8], [1, 1, 2, 3]);
 * using y = attention({ qkv }, { heads: 1, causal: true });
 * assertEquals([...await y.read()], [4, 6]);
 * ```
 */
export function attention(inputs: AttentionInputs, options: AttentionOptions): Tensor {
  if (composing()) return composedAttention(inputs, options);
  const layout = attentionLayout("attention", inputs, options);
  const { R, B, N, H, S, E } = layout;
  const outputs = { y: makeTensor([N, S, H * E], "f32", "attention.y"), statistics: makeTensor([N, H, S]) };
  const saved: Saved = { layout, ...outputs };
  const gradient = runnerOf(layout, options)(saved);
  // Only a gradient needs them.
  if (!currentTrace()) outputs.statistics.destroy();
  return differentiable({
    label: "attention",
    inputs: "qkv" in inputs ? [inputs.qkv] : [inputs.q, inputs.kv],
    output: outputs.y.reshape([R, B, S, H * E]),
    gradient,
    reference: (queries, keys = queries) => attentionReference(queries, keys, layout),
    fused: true,
  });
}

/** Tensors of the forward pass that the backward pass reads. */
interface Saved {
  readonly layout: AttentionLayout;
  readonly y: Tensor;
  readonly statistics: Tensor;
}

type Rule = (dy: Tensor) => readonly Tensor[];

const KINDS = { softmax: 0, relu: 1, linear: 2 } as const;

function argumentsOf({ layout }: Pick<Saved, "layout">) {
  const { queries, keys, keyAt, valueAt, scale, kind, causal, average, H, E } = layout;
  const unit = kind === "softmax" ? Math.LN2 : 1;
  return {
    operands: { queries, keys, keyAt, valueAt, scale, unit, factor: scale / unit },
    constants: { H, E, KIND: KINDS[kind], CAUSAL: Number(causal), AVERAGE: Number(average) },
    aligned: E % 4 === 0,
  };
}

/** The way to attend, by one replica's sizes. */
function runnerOf({ S, T, E, fused }: AttentionLayout, { sharing }: AttentionOptions): (saved: Saved) => Rule {
  if (S === 1 && !fused) return runSingle;
  const { adapter } = currentGpu();
  const few = sharing === "queries" || (sharing === undefined && adapter.software);
  const lanes = few ? lanesOfHead(adapter, E, T) : 0;
  if (lanes > 0) return (saved) => runFew(saved, lanes);
  if (sharing === "queries") {
    const found = `found ${T * Math.ceil(E / 4)} and subgroups of ${adapter.subgroupSize} lanes`;
    throw new ShapeError(
      `attention: expected at most ${MOST_PIECES} pieces of four in a head's keys for the sharing "queries", ${found}`,
    );
  }
  return (saved) => runTiled(saved, sharing);
}

/** One query per head: each key serves one query only, an invocation takes a head. */
function runSingle(saved: Saved): Rule {
  const { layout, y, statistics } = saved;
  const { operands, constants, aligned } = argumentsOf(saved);
  checkLoopIterations("attention", layout.T);
  const { forward, backward } = singleKernels(aligned);
  forward({ ...operands, y, statistics }, constants);
  return (dy) => {
    const { dq, dkv } = backward({ ...operands, y, statistics, dy: dy.reshape(y.shape) }, constants);
    return [dq, dkv];
  };
}

/** Few keys per head: lanes have them in registers, a part each, past which the queries go one by one. */
function runFew(saved: Saved, PARTS: number): Rule {
  const { layout, y, statistics } = saved;
  const { operands, constants, aligned } = argumentsOf(saved);
  checkLoopIterations("attention", layout.S);
  const { forward, backward, backwardBeside } = fewKernels(aligned, PARTS > 1);
  const LANES = PARTS > 1 ? currentGpu().adapter.subgroupSize : WHOLE_HEADS;
  const sizes = { ...constants, KEYS: Math.ceil(layout.T / PARTS), LANES, PARTS, LEVELS: Math.log2(PARTS) };
  forward({ ...operands, y, statistics }, sizes);
  return (gradient) => {
    const dy = gradient.reshape(y.shape);
    if (layout.fused) return [backwardBeside({ ...operands, statistics, dy }, sizes).dkv];
    const { dq, dkv } = backward({ ...operands, statistics, dy }, sizes);
    return [dq, dkv];
  };
}

/** Heads of a workgroup whose lanes have one each. */
const WHOLE_HEADS = 16;

/** Many queries per head: tiles of rows in registers, past which the others go in blocks that lanes share. */
function runTiled(saved: Saved, sharing?: AttentionTile["sharing"]): Rule {
  const { layout, y, statistics } = saved;
  const { operands, constants, aligned } = argumentsOf(saved);
  const { S, T, E, fused } = layout;
  const [queryTile, keyTile] = [S, T].map((rows) => tileFor(rows, E, sharing));
  checkLoopIterations("attention", Math.max(iterations(T, E, queryTile), iterations(S, E, keyTile)));
  const { forward, backwardQueries, backwardKeys, backwardKeysBeside } = tiledKernels(aligned, queryTile.sharing);
  const [byQuery, byKey] = [queryTile, keyTile].map(({ LANES, ROWS, KEYS, sharing }) => ({
    ...{ ...constants, LANES, ROWS },
    ...(sharing === "workgroup" ? { KEYS } : {}),
  }));
  forward({ ...operands, y, statistics }, byQuery);
  return (gradient) => {
    const dy = gradient.reshape(y.shape);
    const { dq, rows } = backwardQueries({ ...operands, y, statistics, dy }, byQuery);
    const back = { ...operands, dy, rows };
    if (fused) {
      backwardKeysBeside({ ...back, dkv: dq }, { ...byKey, EXTRA: 1 });
      return [dq];
    }
    return [dq, backwardKeys(back, { ...byKey, EXTRA: 1 }).dkv];
  };
}

function tileFor(rows: number, E: number, sharing?: AttentionTile["sharing"]): AttentionTile {
  const { adapter } = currentGpu();
  if (sharing === undefined) return chooseAttentionTile(adapter, E, rows);
  if (sharing === "workgroup") return chooseAttentionTile({ software: false, subgroupSize: 0 }, E, rows);
  const { subgroupSize } = adapter;
  const tile = chooseAttentionTile({ software: true, subgroupSize }, E, rows);
  if (tile.sharing === sharing) return tile;
  throw new ShapeError(
    `attention: expected subgroups of 8 or 16 lanes for the sharing "subgroup", found ${subgroupSize}`,
  );
}

/** Loop iterations of an invocation past which `rows` rows go; leaving a loop counts as one. */
function iterations(rows: number, E: number, { sharing, LANES, KEYS }: AttentionTile): number {
  const loads = sharing === "workgroup" ? 2 * (1 + Math.ceil(KEYS * (Math.ceil(E / 4) + 1) / LANES)) : 0;
  return Math.ceil(rows / KEYS) * (1 + loads);
}

/**
 * Computes the weights `w_ij` of {@linkcode attention}, for measurements: a loss that depends on them is
 * refused.
 *
 * @param inputs As of {@linkcode attention}.
 * @param options As of {@linkcode attention}.
 * @returns Weights (R, B, H, S, T); 0 for keys that a query does not see. For softmax, rows sum to 1.
 * @throws {ShapeError} If shapes do not fit one another or the options, or a software driver's loops would be too long.
 *
 * @example
 * ```ts
 * import { attentionPattern } from "./attention.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using qkv = Tensor.from([0, 1, 4, 0, 1, 8], [1, 1, 2, 3]);
 * using pattern = attentionPattern({ qkv }, { heads: 1, causal: true });
 * assertEquals([...await pattern.read()], [1, 0, 0.5, 0.5]);
 * ```
 */
export function attentionPattern(inputs: AttentionInputs, options: AttentionOptions): Tensor {
  const layout = attentionLayout("attention_pattern", inputs, options);
  const { R, B, N, H, S, T } = layout;
  checkLoopIterations("attention_pattern", 2 * T);
  const { operands, constants, aligned } = argumentsOf({ layout });
  const pattern = makeTensor([N, H, S, T], "f32", "attention_pattern.pattern");
  patternKernel(aligned)({ ...operands, pattern }, constants);
  return pattern.reshape([R, B, H, S, T]);
}
