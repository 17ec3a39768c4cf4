/** Copies of a tensor kept in a ring buffer. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./append.wgsl" with { type: "text" };

/**
 * Appends a row to a ring: `ring[cursor mod K, c] = row[c]`.
 *
 * @param row Values to keep (C).
 * @param cursor Clock (3) whose step counts the rows kept so far.
 * @param ring Ring buffer (K, C); one row is overwritten.
 */
export const append: KernelOf<"row" | "cursor" | "ring"> = kernel({
  label: "append",
  code: { "kernels/shared/append.wgsl": code },
  inputs: { row: ["C"], cursor: ["3"], ring: ["K", "C"] },
  outputs: {},
  groups: ({ C }) => Math.ceil(C / 64),
});
