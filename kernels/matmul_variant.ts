/** Which matmul kernel to use: by adapter and by the shape of one replica's matrices. */
import type { AdapterSummary } from "../lib/gpu/adapter.ts";

/** The ways to multiply: `naive` as the formula reads, the others by tiles. */
export type MatmulVariant = "naive" | "register" | "subgroup" | "tiled";

/** A variant, and for `subgroup` the width of its tile. */
export interface MatmulChoice {
  /** Which kernel. */
  readonly variant: MatmulVariant;
  /** Columns of a subgroup's tile, in units of four per lane: 1 (default) or 2. */
  readonly slices?: 1 | 2;
}

/**
 * GFLOP/s of full tiles on a software driver, by lanes of a subgroup (0: unknown), two cores: rough, only their ratios decide.
 *
 * With 16 lanes the 8 × 8 sums of the register tile no longer fit the registers. Subgroups of other sizes are left
 * alone: larger ones would need more registers and more code than pays.
 */
const SOFTWARE_RATES: Readonly<Record<number, Readonly<Record<"naive" | "register" | "subgroup", number>>>> = {
  0: { naive: 1.8, register: 22, subgroup: 0 },
  8: { naive: 1.8, register: 22, subgroup: 50 },
  16: { naive: 1.8, register: 9, subgroup: 65 },
};

/** What a tile of two slices of 8 lanes gains over one of one slice; both cores need several tiles to share. */
const TWO_SLICES = { gain: 1.2, tiles: 16 } as const;

/** Below this many rows or columns most of a workgroup's 64 × 64 tile would be empty. */
const TILED_FROM = 16;

/**
 * Chooses a kernel for `(M, K) · (K, N)`.
 *
 * A real GPU shares tiles through workgroup memory, unless they would be mostly empty. A software driver has no fast
 * memory to share: there reuse happens in registers, by subgroup broadcast where subgroups have a known size, and
 * what counts is how much of the edge tiles lies outside the matrix. The number of replicas plays no part, so that a
 * replica has the same bits alone and in an ensemble.
 *
 * @param adapter What runs the kernels.
 * @param M Rows of the product, ≥ 1.
 * @param N Columns of the product, ≥ 1.
 * @returns The kernel and its tile.
 *
 * @example
 * ```ts
 * import { chooseMatmul } from "./matmul_variant.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(chooseMatmul({ software: true, subgroupSize: 8 }, 32, 32).variant, "subgroup");
 * assertEquals(chooseMatmul({ software: true, subgroupSize: 8 }, 8, 8).variant, "register");
 * assertEquals(chooseMatmul({ software: false, subgroupSize: 32 }, 512, 512).variant, "tiled");
 * ```
 */
export function chooseMatmul(
  { software, subgroupSize }: Pick<AdapterSummary, "software" | "subgroupSize">,
  M: number,
  N: number,
): MatmulChoice {
  if (!software) return { variant: Math.min(M, N) < TILED_FROM ? "naive" : "tiled" };
  const { naive, register, subgroup } = SOFTWARE_RATES[subgroupSize] ?? SOFTWARE_RATES[0];
  const tiles = (rows: number, columns: number) => Math.ceil(M / rows) * Math.ceil(N / columns);
  const span = 4 * subgroupSize;
  const costs: [MatmulChoice, number][] = [
    [{ variant: "naive" }, M * N / naive],
    [{ variant: "register" }, tiles(8, 8) * 64 / register],
    [{ variant: "subgroup" }, tiles(span, span) * span ** 2 / subgroup],
  ];
  if (subgroupSize === 8 && tiles(span, 2 * span) >= TWO_SLICES.tiles) {
    const cost = tiles(span, 2 * span) * 2 * span ** 2 / (subgroup * TWO_SLICES.gain);
    costs.push([{ variant: "subgroup", slices: 2 }, cost]);
  }
  return costs.reduce((best, other) => other[1] < best[1] ? other : best)[0];
}
