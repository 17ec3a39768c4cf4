/** Declaring the attention kernels: one text for all, with heads read in vectors or not, and rows shared either way. */
import { kernel, type KernelOf, type Sizes } from "../lib/gpu/kernel.ts";
import accurate from "./accurate.wgsl" with { type: "text" };
import backwardKeys from "./attention_backward_keys.wgsl" with { type: "text" };
import backwardQueries from "./attention_backward_queries.wgsl" with { type: "text" };
import forward from "./attention_forward.wgsl" with { type: "text" };
import readScalar from "./attention_read_scalar.wgsl" with { type: "text" };
import readVec4 from "./attention_read_vec4.wgsl" with { type: "text" };
import scores from "./attention_scores.wgsl" with { type: "text" };
import shareSubgroup from "./attention_share_subgroup.wgsl" with { type: "text" };
import shareWorkgroup from "./attention_share_workgroup.wgsl" with { type: "text" };
import writeScalar from "./attention_write_scalar.wgsl" with { type: "text" };
import writeVec4 from "./attention_write_vec4.wgsl" with { type: "text" };
import index from "./index.wgsl" with { type: "text" };

/** How the lanes of a workgroup share rows: by subgroup broadcast, or in workgroup memory. */
export type Sharing = "subgroup" | "workgroup";

/** Scalars of every attention kernel, see attention_scores.wgsl. */
export type AttentionScalars = "keyAt" | "valueAt" | "factor" | "unit" | "scale";

const SCALARS: readonly AttentionScalars[] = ["keyAt", "valueAt", "factor", "unit", "scale"];
const QUERIES = ["N", "S", "rowQ"];
const KEYS = ["N", "T", "rowKv"];
const OUTPUT = ["N", "S", "C"];
const STATISTICS = ["N", "H", "S"];

/** The kernels of one layout. */
export interface AttentionKernels {
  readonly forward: KernelOf<"queries" | "keys", "y" | "statistics", AttentionScalars>;
  readonly backwardQueries: KernelOf<"queries" | "keys" | "y" | "dy" | "statistics", "dq" | "rows", AttentionScalars>;
  readonly backwardKeys: KernelOf<"queries" | "keys" | "dy" | "rows" | "dkv", never, AttentionScalars>;
}

const declared = new Map<string, AttentionKernels>();

/**
 * Kernels for heads of a width that is a multiple of four or not.
 *
 * @param aligned Whether it is.
 * @param sharing How lanes share rows.
 * @returns The kernels.
 */
export function attentionKernels(aligned: boolean, sharing: Sharing): AttentionKernels {
  const key = `${aligned} ${sharing}`;
  let found = declared.get(key);
  if (!found) declared.set(key, found = declare(aligned, sharing));
  return found;
}

function declare(aligned: boolean, sharing: Sharing): AttentionKernels {
  const code = (name: string, text: string, reads: Slots, writes: Slots) => ({
    "kernels/index.wgsl": index,
    "kernels/accurate.wgsl": accurate,
    "kernels/attention_scores.wgsl": scores,
    ...accessors("read", aligned, reads),
    ...accessors("write", aligned, writes),
    ...sharedBy(sharing, name, text),
  });
  const tiles = (rows: number, { N, H, ROWS, LANES }: Sizes) => N * H * Math.ceil(rows / (ROWS * LANES));
  return {
    forward: kernel({
      label: "attention",
      code: code("attention_forward", forward, { queries: 1, keys: 2 }, { y: 3 }),
      inputs: { queries: QUERIES, keys: KEYS },
      outputs: { y: OUTPUT, statistics: STATISTICS },
      scalars: SCALARS,
      groups: (sizes) => tiles(sizes.S, sizes),
    }),
    backwardQueries: kernel({
      label: "attention_backward_queries",
      code: code("attention_backward_queries", backwardQueries, { queries: 1, keys: 2, dy: 3, y: 4 }, { dq: 6 }),
      inputs: { queries: QUERIES, keys: KEYS, y: OUTPUT, dy: OUTPUT, statistics: STATISTICS },
      outputs: { dq: QUERIES, rows: [...STATISTICS, "2"] },
      scalars: SCALARS,
      groups: (sizes) => tiles(sizes.S, sizes),
    }),
    backwardKeys: kernel({
      label: "attention_backward_keys",
      code: code("attention_backward_keys", backwardKeys, { queries: 1, keys: 2, dy: 3 }, { dkv: 5 }),
      inputs: { queries: QUERIES, keys: KEYS, dy: OUTPUT, rows: [...STATISTICS, "2"], dkv: KEYS },
      outputs: {},
      scalars: SCALARS,
      groups: (sizes) => tiles(sizes.T, sizes),
    }),
  };
}

type Slots = Readonly<Record<string, number>>;

/** How the heads of tensors are read or written: the names stand in the WGSL text, which WGSL cannot pass as arguments. */
function accessors(way: "read" | "write", aligned: boolean, slots: Slots): Record<string, string> {
  const width = aligned ? "vec4" : "scalar";
  const text = { read: { vec4: readVec4, scalar: readScalar }, write: { vec4: writeVec4, scalar: writeScalar } }[way][width];
  return Object.fromEntries(
    Object.entries(slots).map(([tensor, slot]) => [
      `kernels/attention_${way}_${width}.wgsl (${tensor})`,
      text.replaceAll("operand", tensor).replace("@binding(1)", `@binding(${slot})`),
    ]),
  );
}

/** The kernels are written with broadcasts; where rows lie in workgroup memory, these are loads from there. */
function sharedBy(sharing: Sharing, name: string, text: string): Record<string, string> {
  if (sharing === "subgroup") {
    return { "kernels/attention_share_subgroup.wgsl": shareSubgroup, [`kernels/${name}.wgsl`]: text };
  }
  const loads = text
    .replaceAll("subgroupBroadcast(left[v], i)", "left[i * LEFT + v]")
    .replaceAll("subgroupBroadcast(right[v], i)", "right[i * PIECES + v]")
    .replace("subgroup_invocation_id", "local_invocation_index");
  return { "kernels/attention_share_workgroup.wgsl": shareWorkgroup, [`kernels/${name}.wgsl`]: loads };
}
