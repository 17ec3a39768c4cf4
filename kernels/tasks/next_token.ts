/** Inputs and targets of next-token prediction. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./next_token.wgsl" with { type: "text" };

const split = kernel({
  label: "next_token",
  code: { "kernels/tasks/next_token.wgsl": code },
  inputs: { tokens: ["R", "B", "S"] },
  outputs: { inputs: ["R", "B", "T"], targets: ["R", "B", "T"] },
  groups: ({ R, B, T }) => Math.ceil(R * B * T / 64),
});

/**
 * Splits sequences into inputs and targets: all tokens but the last, and all but the first.
 *
 * @param tokens Sequences (R, B, T + 1), T ≥ 1.
 * @returns Inputs and targets (R, B, T).
 */
export function nextToken(tokens: Tensor<"u32">): { inputs: Tensor<"u32">; targets: Tensor<"u32"> } {
  const [R, B, S] = tokens.shape;
  const inputs = makeTensor([R, B, S - 1], "u32", "inputs");
  const targets = makeTensor([R, B, S - 1], "u32", "targets");
  split({ tokens, inputs, targets });
  return { inputs, targets };
}
