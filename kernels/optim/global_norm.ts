/** Norm of all gradients of a replica together. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { currentTrace, own } from "../../lib/gpu/trace.ts";
import code from "./global_norm.wgsl" with { type: "text" };
import rootCode from "./global_norm_root.wgsl" with { type: "text" };

/** Elements that a workgroup sums: 64 per lane. */
const TILE = 4096;

const squares = kernel({
  label: "global_norm",
  code: { "kernels/optim/global_norm.wgsl": code },
  inputs: { g: ["P"], tiles: ["K", "4"] },
  outputs: { partial: ["R", "K"] },
  groups: ({ R, K }) => R * K,
});

const root = kernel({
  label: "global_norm_root",
  code: { "kernels/optim/global_norm_root.wgsl": rootCode },
  inputs: { partial: ["R", "K"] },
  outputs: { norm: ["R"] },
  groups: ({ R }) => R,
});

/** Layout of an ensemble's parameters in a flat buffer: blocks (R, perReplica). */
export interface FlatLayout {
  /** Number of replicas R. */
  readonly replicas: number;
  /** First element of each block, and its elements per replica. */
  readonly blocks: readonly { readonly start: number; readonly perReplica: number }[];
}

/**
 * Computes `norm[r] = √(Σ g²)` over all elements of replica r. A replica has the same bits alone and in an ensemble.
 *
 * @param flat Gradients (P), or another tensor of the layout; squares below 1e-38 count as 0.
 * @param layout Where the parameters lie.
 * @returns Norms (R), ≥ 0.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { globalNorm } from "./global_norm.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using flat = Tensor.from([3, 4, 6, 8]);
 * using norm = globalNorm(flat, { replicas: 2, blocks: [{ start: 0, perReplica: 2 }] });
 * assertEquals([...await norm.read()], [5, 10]);
 * ```
 */
export function globalNorm(flat: Tensor, { replicas, blocks }: FlatLayout): Tensor {
  const table = blocks.flatMap(({ start, perReplica }) =>
    Array.from({ length: Math.ceil(perReplica / TILE) }, (_, tile) => {
      const first = tile * TILE;
      return [start, perReplica, first, Math.min(TILE, perReplica - first)];
    })
  );
  const tiles = own(Tensor.from(Uint32Array.from(table.flat()), [table.length, 4], "tiles"));
  const { partial } = squares({ g: flat, tiles }, { R: replicas });
  const { norm } = root({ partial });
  if (!currentTrace()) {
    tiles.destroy();
    partial.destroy();
  }
  return norm;
}
