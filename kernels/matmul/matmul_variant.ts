/** Choice of a matmul kernel, by adapter and by the sizes of the product. */
import type { AdapterSummary } from "../../lib/gpu/adapter.ts";

/** The ways to multiply: `naive` as the formula reads, the others by tiles. */
export type MatmulVariant = "naive" | "register" | "subgroup" | "tiled";

/** A variant, and for `subgroup` the shape of its tile. */
export interface MatmulChoice {
  /** Kernel. */
  readonly variant: MatmulVariant;
  /** Groups of a subgroup's lanes, each with rows of its own: 1 (default), 2, 4 …, at most the lanes. */
  readonly groups?: number;
  /** Rows of a group: 32 by default, a multiple of 4. */
  readonly rows?: number;
  /** Columns of a group, in units of four per lane: 1 by default. */
  readonly slices?: number;
  /** Parts of the sum over k; by default few enough to pay. */
  readonly parts?: number;
}

/** Sizes of a product `(R, M, K) · (R, K, N)`. */
export interface MatmulSizes {
  /** Replicas. */
  readonly R: number;
  /** Rows of a product. */
  readonly M: number;
  /** Columns of a product. */
  readonly N: number;
  /** Steps of the sum. */
  readonly K: number;
}

/** Nanoseconds that parts of a tile's work take on a software driver of so many lanes; only their ratios decide. */
interface Costs {
  /** One lane's pass through a load or a store of four elements: lanes take turns. */
  readonly access: number;
  /** Four steps of a row of four columns per lane, and the same where groups of lanes shuffle. */
  readonly row: number;
  readonly shuffledRow: number;
  /** Beginning and end of a tile. */
  readonly tile: number;
  /** An entry's step in the naive kernel and in full tiles of the register one. */
  readonly naive: number;
  readonly register: number;
  /** An entry's beginning and end in either: its store has no neighbour, or few. */
  readonly apart: { readonly naive: number; readonly register: number };
}

const APART = { apart: { naive: 12, register: 3.2 } } as const;

/**
 * Measured on Zen 5 with two threads. A subgroup of unusual size is left alone: it would need a kernel of unusual size.
 */
const SOFTWARE_COSTS: Readonly<Record<number, Costs>> = {
  0: { access: 2.6, row: Infinity, shuffledRow: Infinity, tile: 300, naive: 2.2, register: 0.18, ...APART },
  8: { access: 2.6, row: 3.9, shuffledRow: 4.4, tile: 300, naive: 2.2, register: 0.18, ...APART },
  16: { access: 2.8, row: 4.5, shuffledRow: 7, tile: 300, naive: 2.2, register: 0.25, ...APART },
};

/**
 * More rows of four columns per lane than this, in a pass, do not fit the instruction cache; shuffled ones are longer.
 */
const MOST_ROWS = { broadcast: 64, shuffled: 32 } as const;

/** Below this many rows or columns most of a workgroup's 64 × 64 tile would be empty. */
const TILED_FROM = 16;

/**
 * Chooses a kernel for `(R, M, K) · (R, K, N)`.
 *
 * A real GPU shares tiles through workgroup memory, unless they would be mostly empty. A software driver has no fast
 * memory to share: there reuse happens in registers, by subgroup broadcast where subgroups have a known size. What it
 * costs is predicted for every shape of tile from the loads, multiplications and stores of two threads that share the
 * tiles. All kernels of a software driver add in the same order without fusing, so that the choice never shows in a
 * bit; on a real GPU the number of replicas plays no part in it.
 *
 * @param adapter Adapter that runs the kernels.
 * @param sizes Sizes of the product.
 * @returns The kernel and its tile.
 *
 * @example
 * ```ts
 * import { chooseMatmul } from "./matmul_variant.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const square = { R: 1, M: 512, N: 512, K: 512 };
 * assertEquals(chooseMatmul({ software: true, subgroupSize: 16 }, square).variant, "subgroup");
 * assertEquals(chooseMatmul({ software: true, subgroupSize: 0 }, square).variant, "register");
 * assertEquals(chooseMatmul({ software: false, subgroupSize: 32 }, square).variant, "tiled");
 * ```
 */
export function chooseMatmul(
  { software, subgroupSize }: Pick<AdapterSummary, "software" | "subgroupSize">,
  sizes: MatmulSizes,
): MatmulChoice {
  const { R, M, N, K } = sizes;
  if (!software) return { variant: Math.min(M, N) < TILED_FROM ? "naive" : "tiled" };
  const costs = SOFTWARE_COSTS[subgroupSize] ?? SOFTWARE_COSTS[0];
  const ranked: [MatmulChoice, number][] = [
    [{ variant: "naive" }, R * M * N * (K * costs.naive + costs.apart.naive)],
    [{ variant: "register" }, R * Math.ceil(M / 8) * Math.ceil(N / 8) * 64 * registerEntry(K, costs)],
  ];
  if (subgroupSize in SOFTWARE_COSTS && subgroupSize > 0) {
    for (let groups = 1; groups <= subgroupSize / 2; groups *= 2) {
      const most = groups === 1 ? MOST_ROWS.broadcast : MOST_ROWS.shuffled;
      for (let rows = 8; rows <= most; rows *= 2) {
        for (let slices = 1; slices <= 2 && rows * slices <= most; slices++) {
          const choice: MatmulChoice = { variant: "subgroup", groups, rows, slices };
          ranked.push([choice, subgroupCost(sizes, subgroupSize, { groups, rows, slices }, costs)]);
        }
      }
    }
  }
  return ranked.reduce((best, other) => other[1] < best[1] ? other : best)[0];
}

/** An entry of a tile in registers, whose passes make four steps each. */
function registerEntry(K: number, { register, apart }: Costs): number {
  return 4 * Math.ceil(K / 4) * register + apart.register;
}

/** Rows that may be computed in vain for the sake of a right matrix that is loaded once, over all rows. */
const MOST_IN_VAIN = 0.06;

/**
 * Whether the groups of a subgroup keep to one product each tile, so that they share the loads of its right matrix: if
 * the bands of rows of one product fill tiles, or nearly.
 *
 * @param M Rows of a product.
 * @param tile Groups, and rows of each.
 * @returns Whether they do.
 */
export function sharesRight(M: number, { groups, rows }: { readonly groups: number; readonly rows: number }): boolean {
  const bands = Math.ceil(M / rows);
  return groups > 1 && Math.ceil(bands / groups) * groups <= (1 + MOST_IN_VAIN) * bands;
}

function subgroupCost(
  { R, M, N, K }: MatmulSizes,
  lanes: number,
  { groups, rows, slices }: { groups: number; rows: number; slices: number },
  { access, row, shuffledRow, tile }: Costs,
): number {
  const shared = sharesRight(M, { groups, rows });
  const bands = Math.ceil(M / rows);
  const tall = shared ? R * Math.ceil(bands / groups) : Math.ceil(R * bands / groups);
  const columns = Math.ceil(N * groups / (4 * lanes * slices));
  const loads = groups * rows + Math.ceil(4 / (shared ? groups : 1)) * slices * lanes;
  const pass = access * loads + (groups > 1 ? shuffledRow : row) * rows * slices;
  const stores = rows * slices * lanes;
  // Of an odd number of tiles one thread has one more.
  const turns = Math.ceil(tall * columns / 2) * 2;
  return turns * (tile + Math.ceil(K / 4) * pass + access * stores);
}
