/** Chains of tokens, each drawn given the one before. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor, own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey, uniforms } from "../../lib/random/random.ts";
import code from "./markov_chain.wgsl" with { type: "text" };
import type { RandomDraw } from "../random/random_fill.ts";
import { randomFiles } from "../random/random_fill.ts";

const chain = kernel({
  label: "markov_chain",
  code: { ...randomFiles, "kernels/tasks/markov_chain.wgsl": code },
  inputs: {
    seeds: ["R"],
    clock: ["3"],
    c: ["R", "P", "V", "V"],
    triggers: ["R", "B", "K"],
    successors: ["R", "B", "K"],
  },
  outputs: { tokens: ["R", "B", "T"] },
  scalars: ["key"],
  groups: ({ R, B, T, V, K }) => {
    checkLoopIterations("markov_chain", T * (1 + Math.ceil(Math.log2(V)) + K));
    return Math.ceil(R * B / 64);
  },
});

/** Tokens whose successor is fixed within a sequence. */
export interface Triggers {
  /** Triggers (R, B, K), different within a sequence. */
  readonly triggers: Tensor<"u32">;
  /** Token (R, B, K) that follows each trigger. */
  readonly successors: Tensor<"u32">;
}

/**
 * Draws chains: the first token is uniform, each next one is drawn from the row of the one before, or is its fixed
 * successor.
 *
 * @param draw Seeds, clock and key.
 * @param cumulative Cumulative rows (R, P, V, V), the last entry of each 1; sequence b takes matrix b mod P.
 * @param sizes Sequences B and tokens T of each.
 * @param triggers Tokens with fixed successors; none by default.
 * @returns Tokens (R, B, T) below V.
 */
export function markovChain(
  { seeds, clock, key }: RandomDraw,
  cumulative: Tensor,
  { B, T }: { B: number; T: number },
  triggers?: Triggers,
): Tensor<"u32"> {
  const [R] = seeds.shape;
  const tokens = makeTensor([R, B, T], "u32", "tokens");
  const none = () => own(new Tensor([R, B, 1], "u32", "no triggers"));
  const { triggers: from, successors } = triggers ?? { triggers: none(), successors: none() };
  const constants = { TRIGGERED: triggers ? 1 : 0 };
  chain({ seeds, clock, c: cumulative, triggers: from, successors, tokens, key: drawKey(key) }, constants);
  return tokens;
}

/**
 * {@linkcode markovChain} of one sequence on the host, rounding as the kernel does: equal to the last bit.
 *
 * @param draw Where the sequence stands; the item is its number in the batch.
 * @param cumulative Cumulative rows (V, V) in single precision.
 * @param length Tokens T.
 * @param successors Token after each trigger.
 * @returns Tokens (T).
 */
export function markovChainReference(
  draw: Draw,
  cumulative: Float32Array,
  length: number,
  successors: ReadonlyMap<number, number> = new Map(),
): number[] {
  const V = Math.sqrt(cumulative.length);
  const u = uniforms(draw, length).map(Math.fround);
  const tokens = [Math.min(Math.floor(Math.fround(u[0] * V)), V - 1)];
  for (let t = 1; t < length; t++) {
    const token = tokens[t - 1];
    const row = cumulative.subarray(token * V, (token + 1) * V);
    const next = row.findIndex((value) => u[t] < value);
    tokens.push(successors.get(token) ?? (next < 0 ? V - 1 : next));
  }
  return tokens;
}
