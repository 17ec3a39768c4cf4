/** Tiles of attention, by adapter and by the sizes of a head. */
import type { AdapterSummary } from "../../lib/gpu/adapter.ts";

/**
 * Way in which the lanes of a workgroup share rows: those that pass by a tile, by subgroup broadcast or in workgroup
 * memory; or queries, where each lane keeps a head's keys or a part of them.
 */
export type AttentionSharing = "subgroup" | "workgroup" | "queries";

/** A tile: rows of a head that a workgroup has in registers, and the blocks of rows that pass by them. */
export interface AttentionTile {
  /** Way in which lanes share the rows that pass by. */
  readonly sharing: Exclude<AttentionSharing, "queries">;
  /** Lanes of a workgroup. */
  readonly LANES: number;
  /** Rows of the tile per lane. */
  readonly ROWS: number;
  /** Rows of a block. */
  readonly KEYS: number;
}

/**
 * Chooses the tile for `rows` rows of heads of width E.
 *
 * A software driver has no fast memory to share; there a subgroup's lanes take rows from one another, and a second row
 * per lane halves what has to be shared. The number of replicas plays no part, so that a replica has the same bits
 * alone and in an ensemble.
 *
 * @param adapter Adapter that runs the kernels.
 * @param E Width of a head, ≥ 1.
 * @param rows Rows of a head, ≥ 1.
 * @returns The tile.
 *
 * @example
 * ```ts
 * import { chooseAttentionTile } from "./attention_tiles.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lavapipe = { software: true, subgroupSize: 8 };
 * assertEquals(chooseAttentionTile(lavapipe, 16, 64), { sharing: "subgroup", LANES: 8, ROWS: 2, KEYS: 8 });
 * assertEquals(chooseAttentionTile({ software: false, subgroupSize: 32 }, 64, 1024).LANES, 64);
 * ```
 */
export function chooseAttentionTile(
  { software, subgroupSize }: Pick<AdapterSummary, "software" | "subgroupSize">,
  E: number,
  rows: number,
): AttentionTile {
  if (!software) return { sharing: "workgroup", LANES: rows > 32 ? 64 : 32, ROWS: 1, KEYS: E > 64 ? 8 : 16 };
  if (subgroupSize !== 8 && subgroupSize !== 16) return { sharing: "workgroup", LANES: 8, ROWS: 1, KEYS: 4 };
  const ROWS = rows > subgroupSize && E <= WIDEST_IN_PAIRS ? 2 : 1;
  return { sharing: "subgroup", LANES: subgroupSize, ROWS, KEYS: subgroupSize };
}

/** Above this width of a head, two rows per lane no longer pay, and their kernels are long to compile. */
const WIDEST_IN_PAIRS = 32;

/**
 * Lanes that a head takes if they keep its keys and values in registers, each a part of them, while its queries pass by.
 *
 * A software driver's registers are memory next to the core, so that they may be many: what counts there is that no lane
 * idles and nothing is loaded twice.
 *
 * @param adapter Adapter that runs the kernels.
 * @param E Width of a head, ≥ 1.
 * @param keys Keys of a head, ≥ 1.
 * @returns A power of two, at most the lanes of a subgroup; 0 if keys are too many or too wide.
 *
 * @example
 * ```ts
 * import { lanesOfHead } from "./attention_tiles.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([5, 10, 21, 64].map((keys) => lanesOfHead({ subgroupSize: 16 }, 16, keys)), [1, 2, 4, 0]);
 * ```
 */
export function lanesOfHead({ subgroupSize }: Pick<AdapterSummary, "subgroupSize">, E: number, keys: number): number {
  const pieces = Math.ceil(E / 4);
  if (keys * pieces > MOST_PIECES || pieces > LANE_PIECES) return 0;
  let lanes = 1;
  while (Math.ceil(keys / lanes) * pieces > LANE_PIECES) lanes *= 2;
  return lanes <= Math.max(1, subgroupSize) ? lanes : 0;
}

/** Pieces of four numbers of a head's keys, above which tiles are as fast. */
export const MOST_PIECES = 128;

/** Pieces of a lane's keys, above which its registers leave the nearest cache, and its kernel takes seconds to compile. */
const LANE_PIECES = 32;
