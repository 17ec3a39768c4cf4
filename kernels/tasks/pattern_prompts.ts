/** Prompts of classification by patterns: which patterns and labels they have, and their tokens. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { integersBelow } from "../../lib/random/laws.ts";
import { type Draw, drawKey, uniforms, words } from "../../lib/random/random.ts";
import { placeFiles } from "../random/place.ts";
import { type RandomDraw, randomFiles } from "../random/random_fill.ts";
import prompts from "./pattern_prompts.wgsl" with { type: "text" };
import rows from "./pattern_tokens.wgsl" with { type: "text" };

const draws = kernel({
  label: "pattern_prompts",
  code: { ...placeFiles, "kernels/tasks/pattern_prompts.wgsl": prompts },
  inputs: { seeds: ["R"], clock: ["3"], tasks: ["R", "P", "2"], counts: ["R"], laws: ["R", "2"] },
  outputs: { index: ["R", "B", "T", "3"], value: ["R", "B", "T", "3"], labels: ["R", "B"] },
  scalars: ["M", "K", "key", "task_key"],
  groups: ({ R, B, T }) => Math.ceil(R * B * T / 64),
});

const tokenRows = kernel({
  label: "pattern_tokens",
  code: { ...randomFiles, "kernels/tasks/pattern_tokens.wgsl": rows },
  inputs: { mu: ["R", "M", "D"], nu: ["R", "K", "D"], index: ["R", "B", "T", "3"], value: ["R", "B", "T", "3"] },
  outputs: { tokens: ["R", "B", "S", "C"] },
  groups: ({ R, B, S, D }) => {
    checkLoopIterations("pattern_tokens", D);
    return Math.ceil(R * B * S / 64);
  },
});

/** Tasks and laws of a replica's prompts. */
export interface PatternLaws {
  /** Relevant patterns (a, b) of each task (R, P, 2), a ≠ b, in [0, M); rows from the replica's count on are not used. */
  readonly tasks: Tensor<"u32">;
  /** Tasks of each replica (R), from 1 to P. */
  readonly counts: Tensor<"u32">;
  /** Share α of examples with a pattern of the task, and bound s of κ (R, 2); α = 1 where M = 2. */
  readonly laws: Tensor;
  /** Relevant patterns M ≥ 2, and irrelevant ones K ≥ 1. */
  readonly patterns: readonly [relevant: number, irrelevant: number];
  /** Prompts B, and tokens T of each, of which the last one is the query. */
  readonly prompts: readonly [count: number, tokens: number];
}

/** Prompts as sparse vectors of M + K + 1 numbers: relevant patterns, irrelevant patterns, label. */
export interface PatternPrompts {
  /** Numbers that differ from 0 (R, B, T, 3): relevant pattern j, M + k of the irrelevant pattern k, and M + K of the label. */
  readonly index: Tensor<"u32">;
  /** Their values (R, B, T, 3): 1, κ in (−s, s), and the label ±1, 0 in the query, which is the last token. */
  readonly value: Tensor;
  /** Labels ±1 of the queries (R, B). */
  readonly labels: Tensor;
}

/**
 * Draws prompts of tasks (a, b): an example shows pattern a (label +1) or b (label −1) with probability α/2 each, else one of the
 * others, with a label by a fair coin; the query shows a or b.
 *
 * @param draw Seeds, clock and key.
 * @param laws Tasks, laws and sizes.
 * @returns Patterns, factors and labels.
 */
export function patternPrompts({ seeds, clock, key }: RandomDraw, laws: PatternLaws): PatternPrompts {
  const { patterns: [M, K], prompts: [B, T] } = laws;
  const names = { key: drawKey(key), task_key: drawKey(`${key} task`) };
  const index = makeTensor([seeds.shape[0], B, T, 3], "u32", "patterns");
  const given = { seeds, clock, tasks: laws.tasks, counts: laws.counts, laws: laws.laws };
  const { value, labels } = draws({ ...given, index, M, K, ...names });
  return { index, value, labels };
}

/**
 * Writes the last tokens of prompts, `(μ_j + κ ν_k; y)`, the query among them.
 *
 * @param prompts What they are made of.
 * @param mu Relevant patterns (R, M, D); D ≤ 65 000 on a software adapter.
 * @param nu Irrelevant patterns (R, K, D).
 * @param count How many of them, S ≤ T; 1 for the query alone.
 * @returns Tokens (R, B, S, D + 1).
 */
export function patternTokens({ index, value }: PatternPrompts, mu: Tensor, nu: Tensor, count: number): Tensor {
  return tokenRows({ mu, nu, index, value }, { S: count, C: mu.shape[2] + 1 }).tokens;
}

/** Patterns, factors and labels of a prompt, token by token (T). */
export interface PatternPromptReference {
  /** Relevant and irrelevant pattern j and k. */
  readonly relevant: number[];
  readonly irrelevant: number[];
  /** Factor of the irrelevant pattern. */
  readonly kappa: number[];
  /** Labels ±1, that of the query last. */
  readonly labels: number[];
}

/**
 * {@linkcode patternPrompts} of one prompt on the host; patterns and labels are equal, factors good to the last bits.
 *
 * @param draw Where the prompt stands; the item is its number in the batch.
 * @param tasks Tasks of the replica.
 * @param law Share α, bound s, patterns M and K, tokens T.
 * @returns Patterns, factors and labels of its tokens (T).
 */
export function patternPromptReference(
  draw: Draw,
  tasks: readonly (readonly [number, number])[],
  { share, spread, relevant: M, irrelevant: K, tokens: T }: Record<
    "share" | "spread" | "relevant" | "irrelevant" | "tokens",
    number
  >,
): PatternPromptReference {
  const [chosen] = integersBelow({ ...draw, key: `${draw.key} task` }, tasks.length, 1);
  const [a, b] = tasks[chosen];
  const others = Array.from({ length: M }, (_, j) => j).filter((j) => j !== a && j !== b);
  const of = Array.from({ length: T }, (_, t) => {
    const at = { ...draw, item: (draw.item ?? 0) * T + t };
    const [choice, , factor] = uniforms(at, 3);
    const heads = words(at, 2)[1] >= 2 ** 31;
    const shown = t === T - 1 || Math.fround(choice) <= Math.fround(share);
    return {
      relevant: shown ? (heads ? a : b) : others[integersBelow(at, others.length, 2)[1]],
      irrelevant: integersBelow(at, K, 3)[2],
      kappa: spread * (2 * factor - 1),
      label: heads ? 1 : -1,
    };
  });
  return {
    relevant: of.map(({ relevant }) => relevant),
    irrelevant: of.map(({ irrelevant }) => irrelevant),
    kappa: of.map(({ kappa }) => kappa),
    labels: of.map(({ label }) => label),
  };
}
