/** Declaring the attention kernels: one text for all, with heads read in vectors or not, and rows shared either way. */
import { kernel, type KernelOf, type Sizes } from "../../lib/gpu/kernel.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import backwardKeys from "./attention_backward_keys.wgsl" with { type: "text" };
import backwardQueries from "./attention_backward_queries.wgsl" with { type: "text" };
import fewBackward from "./attention_few_backward.wgsl" with { type: "text" };
import fewForward from "./attention_few_forward.wgsl" with { type: "text" };
import fewSplit from "./attention_few_split.part.wgsl" with { type: "text" };
import forward from "./attention_forward.wgsl" with { type: "text" };
import pattern from "./attention_pattern.wgsl" with { type: "text" };
import readScalar from "./attention_read_scalar.part.wgsl" with { type: "text" };
import readVec4 from "./attention_read_vec4.part.wgsl" with { type: "text" };
import scores from "./attention_scores.part.wgsl" with { type: "text" };
import shareSubgroup from "./attention_share_subgroup.part.wgsl" with { type: "text" };
import shareWorkgroup from "./attention_share_workgroup.part.wgsl" with { type: "text" };
import singleBackward from "./attention_single_backward.wgsl" with { type: "text" };
import singleForward from "./attention_single_forward.wgsl" with { type: "text" };
import writeScalar from "./attention_write_scalar.part.wgsl" with { type: "text" };
import writeVec4 from "./attention_write_vec4.part.wgsl" with { type: "text" };
import type { AttentionTile } from "./attention_tiles.ts";

type Sharing = AttentionTile["sharing"];

/** Fields of `dims` that are no axis, see attention_scores.part.wgsl. */
const SCALARS = ["keyAt", "valueAt", "factor", "unit", "scale"] as const;
type Scalars = typeof SCALARS[number];

const QUERIES = ["N", "S", "rowQ"];
const KEYS = ["N", "T", "rowKv"];
const OUTPUT = ["N", "S", "C"];
const STATISTICS = ["N", "H", "S"];

/** Kernels for many queries of a head. */
export interface TiledKernels {
  /** Output, and the statistic of each row. */
  readonly forward: KernelOf<"queries" | "keys", "y" | "statistics", Scalars>;
  /** Gradient of the queries, and for each row the numbers that the keys' gradient reads. */
  readonly backwardQueries: KernelOf<"queries" | "keys" | "y" | "dy" | "statistics", "dq" | "rows", Scalars>;
  /** Gradient of keys and values. */
  readonly backwardKeys: KernelOf<"queries" | "keys" | "dy" | "rows", "dkv", Scalars>;
  /** The same, into a tensor that has the queries' gradient already. */
  readonly backwardKeysBeside: KernelOf<"queries" | "keys" | "dy" | "rows" | "dkv", never, Scalars>;
}

/** Kernels for one query of a head. */
export interface SingleKernels {
  /** Output, and the statistic of each head. */
  readonly forward: KernelOf<"queries" | "keys", "y" | "statistics", Scalars>;
  /** All gradients. */
  readonly backward: KernelOf<"queries" | "keys" | "y" | "dy" | "statistics", "dq" | "dkv", Scalars>;
}

/** Kernels for few keys of a head. */
export interface FewKernels {
  /** Output, and the statistic of each row. */
  readonly forward: KernelOf<"queries" | "keys", "y" | "statistics", Scalars>;
  /** All gradients. */
  readonly backward: KernelOf<"queries" | "keys" | "dy" | "statistics", "dq" | "dkv", Scalars>;
  /** All gradients in one tensor, as queries lie beside keys and values. */
  readonly backwardBeside: KernelOf<"queries" | "keys" | "dy" | "statistics", "dkv", Scalars>;
}

/** The kernel of weights. */
export type PatternKernel = KernelOf<"queries" | "keys", "pattern", Scalars>;

type Slots = Readonly<Record<string, number>>;

/** Heads whose width is a multiple of four begin at one, and are read and written four elements at a time. */
function code(
  name: string,
  text: string,
  aligned: boolean,
  reads: Slots,
  writes: Slots,
  sharing?: Sharing | WgslFiles,
): WgslFiles {
  return {
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/attention/attention_scores.part.wgsl": scores,
    ...accessors("read", aligned, reads),
    ...accessors("write", aligned, writes),
    ...(typeof sharing === "string" ? shared(sharing, name, text) : { ...sharing, [`kernels/${name}.wgsl`]: text }),
  };
}

/** WGSL cannot pass a buffer to a function: the tensor's name is put into the text. */
function accessors(way: "read" | "write", aligned: boolean, slots: Slots): Record<string, string> {
  const text = { read: [readScalar, readVec4], write: [writeScalar, writeVec4] }[way][Number(aligned)];
  return Object.fromEntries(
    Object.entries(slots).map(([tensor, slot]) => [
      `kernels/attention_${way}_${aligned ? "vec4" : "scalar"}.wgsl (${tensor})`,
      text.replaceAll("operand", tensor).replace("@binding(1)", `@binding(${slot})`),
    ]),
  );
}

/** The kernels are written with broadcasts; where rows lie in workgroup memory, these are loads from there. */
function shared(sharing: Sharing, name: string, text: string): Record<string, string> {
  if (sharing === "subgroup") {
    return { "kernels/attention/attention_share_subgroup.part.wgsl": shareSubgroup, [`kernels/${name}.wgsl`]: text };
  }
  const loads = text
    .replaceAll("subgroupBroadcast(left[v], i)", "left[i * LEFT + v]")
    .replaceAll("subgroupBroadcast(right[v], i)", "right[i * PIECES + v]")
    .replace("subgroup_invocation_id", "local_invocation_index");
  return { "kernels/attention/attention_share_workgroup.part.wgsl": shareWorkgroup, [`kernels/${name}.wgsl`]: loads };
}

function tiles(rows: number, { N, H, ROWS, LANES }: Sizes): number {
  return N * H * Math.ceil(rows / (ROWS * LANES));
}

function declareTiled(aligned: boolean, sharing: Sharing): TiledKernels {
  const keysSpec = {
    label: "attention_backward_keys",
    code: code(
      "attention_backward_keys",
      backwardKeys,
      aligned,
      { queries: 1, keys: 2, dy: 3 },
      { dkv: 5 },
      sharing,
    ),
    scalars: SCALARS,
    groups: (sizes: Sizes) => tiles(sizes.T, sizes),
  };
  const rows = [...STATISTICS, "2"];
  return {
    forward: kernel({
      label: "attention",
      code: code("attention_forward", forward, aligned, { queries: 1, keys: 2 }, { y: 3 }, sharing),
      inputs: { queries: QUERIES, keys: KEYS },
      outputs: { y: OUTPUT, statistics: STATISTICS },
      scalars: SCALARS,
      groups: (sizes) => tiles(sizes.S, sizes),
    }),
    backwardQueries: kernel({
      label: "attention_backward_queries",
      code: code(
        "attention_backward_queries",
        backwardQueries,
        aligned,
        { queries: 1, keys: 2, dy: 3, y: 4 },
        { dq: 6 },
        sharing,
      ),
      inputs: { queries: QUERIES, keys: KEYS, y: OUTPUT, dy: OUTPUT, statistics: STATISTICS },
      outputs: { dq: QUERIES, rows },
      scalars: SCALARS,
      groups: (sizes) => tiles(sizes.S, sizes),
    }),
    backwardKeys: kernel({
      ...keysSpec,
      inputs: { queries: QUERIES, keys: KEYS, dy: OUTPUT, rows },
      outputs: { dkv: KEYS },
    }),
    backwardKeysBeside: kernel({
      ...keysSpec,
      inputs: { queries: QUERIES, keys: KEYS, dy: OUTPUT, rows, dkv: KEYS },
      outputs: {},
    }),
  };
}

function declareSingle(aligned: boolean): SingleKernels {
  const groups = ({ N, H }: Sizes) => Math.ceil(N * H / 64);
  return {
    forward: kernel({
      label: "attention",
      code: code("attention_single_forward", singleForward, aligned, { queries: 1, keys: 2 }, { y: 3 }),
      inputs: { queries: QUERIES, keys: KEYS },
      outputs: { y: OUTPUT, statistics: STATISTICS },
      scalars: SCALARS,
      groups,
    }),
    backward: kernel({
      label: "attention_backward",
      code: code(
        "attention_single_backward",
        singleBackward,
        aligned,
        { queries: 1, keys: 2, dy: 3, y: 4 },
        { dq: 6, dkv: 7 },
      ),
      inputs: { queries: QUERIES, keys: KEYS, y: OUTPUT, dy: OUTPUT, statistics: STATISTICS },
      outputs: { dq: QUERIES, dkv: KEYS },
      scalars: SCALARS,
      groups,
    }),
  };
}

function declareFew(aligned: boolean, parted: boolean): FewKernels {
  const groups = ({ N, H, PARTS, LANES }: Sizes) => Math.ceil(N * H * PARTS / LANES);
  const inputs = { queries: QUERIES, keys: KEYS, dy: OUTPUT, statistics: STATISTICS };
  const few = (name: string, text: string, reads: Slots, writes: Slots) => {
    const lane = parted ? "subgroup_invocation_id" : "local_invocation_index";
    const split = { "kernels/attention/attention_few_split.part.wgsl": fewSplit };
    return code(name, text.replace("LANE_INDEX", lane), aligned, reads, writes, split);
  };
  const back = (text: string, writes: Slots) => ({
    label: "attention_backward",
    code: few("attention_few_backward", text, { queries: 1, keys: 2, dy: 3 }, writes),
    inputs,
    scalars: SCALARS,
    groups,
  });
  return {
    forward: kernel({
      label: "attention",
      code: few("attention_few_forward", fewForward, { queries: 1, keys: 2 }, { y: 3 }),
      inputs: { queries: QUERIES, keys: KEYS },
      outputs: { y: OUTPUT, statistics: STATISTICS },
      scalars: SCALARS,
      groups,
    }),
    backward: kernel({ ...back(fewBackward, { dq: 5, dkv: 6 }), outputs: { dq: QUERIES, dkv: KEYS } }),
    backwardBeside: kernel({
      ...back(fewBackward.replace("write_dq(", "write_dkv("), { dkv: 5 }),
      outputs: { dkv: KEYS },
    }),
  };
}

function declarePattern(aligned: boolean): PatternKernel {
  return kernel({
    label: "attention_pattern",
    code: code("attention_pattern", pattern, aligned, { queries: 1, keys: 2 }, {}),
    inputs: { queries: QUERIES, keys: KEYS },
    outputs: { pattern: [...STATISTICS, "T"] },
    scalars: SCALARS,
    groups: ({ N, H, S }) => Math.ceil(N * H * S / 64),
  });
}

function remember<K extends readonly unknown[], V>(declare: (...key: K) => V): (...key: K) => V {
  const known = new Map<string, V>();
  return (...key) => {
    const name = key.join();
    const found = known.get(name) ?? declare(...key);
    known.set(name, found);
    return found;
  };
}

/** Kernels for many queries of a head, by whether E is a multiple of four and how lanes share rows. */
export const tiledKernels: (aligned: boolean, sharing: Sharing) => TiledKernels = remember(declareTiled);

/** Kernels for one query of a head, by whether E is a multiple of four. */
export const singleKernels: (aligned: boolean) => SingleKernels = remember(declareSingle);

/** Kernels for few keys of a head, by whether E is a multiple of four and lanes of a subgroup share a head. */
export const fewKernels: (aligned: boolean, parted: boolean) => FewKernels = remember(declareFew);

/** The kernel of weights, by whether E is a multiple of four. */
export const patternKernel: (aligned: boolean) => PatternKernel = remember(declarePattern);
