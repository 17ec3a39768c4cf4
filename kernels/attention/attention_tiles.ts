/** Tiles of attention, by adapter and by the sizes of a head. */
import type { AdapterSummary } from "../../lib/gpu/adapter.ts";

/**
 * Way in which the lanes of a workgroup share rows: by subgroup broadcast, in workgroup memory, or not at all, where each
 * lane has a head of its own.
 */
export type AttentionSharing = "subgroup" | "workgroup" | "none";

/** A tile: rows of a head that a workgroup has in registers, and the blocks of rows that pass by them. */
export interface AttentionTile {
  /** Way in which lanes share the rows that pass by. */
  readonly sharing: Exclude<AttentionSharing, "none">;
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
 * Whether each lane should have a head of its own, with all of its keys and values in registers.
 *
 * A software driver's registers are memory next to the core, so that they may be many: what counts there is that no lane
 * idles and nothing is loaded twice.
 *
 * @param adapter Adapter that runs the kernels.
 * @param E Width of a head, ≥ 1.
 * @param keys Keys of a head, ≥ 1.
 * @returns Whether keys are few and narrow.
 *
 * @example
 * ```ts
 * import { holdsWholeHeads } from "./attention_tiles.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([5, 10, 64].map((keys) => holdsWholeHeads({ software: true }, 16, keys)), [true, true, false]);
 * assertEquals(holdsWholeHeads({ software: false }, 16, 5), false);
 * ```
 */
export function holdsWholeHeads({ software }: Pick<AdapterSummary, "software">, E: number, keys: number): boolean {
  return software && keys * Math.ceil(E / 4) <= MOST_PIECES;
}

/**
 * More pieces of four numbers, of keys and as many of values, leave the nearest cache with their gradients, and take
 * seconds to compile.
 */
const MOST_PIECES = 40;
