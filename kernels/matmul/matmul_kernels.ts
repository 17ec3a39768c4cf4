/** The kernels of the matrix product: how each is put together, launched, and how a long sum is parted. */
import type { AdapterSummary } from "../../lib/gpu/adapter.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel, type KernelOf, type Sizes } from "../../lib/gpu/kernel.ts";
import { MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import biasOf from "./matmul_bias.part.wgsl" with { type: "text" };
import blockScalar from "./matmul_block_scalar.part.wgsl" with { type: "text" };
import blockVec4 from "./matmul_block_vec4.part.wgsl" with { type: "text" };
import blocks from "./matmul_blocks.part.wgsl" with { type: "text" };
import naive from "./matmul_naive.wgsl" with { type: "text" };
import noBias from "./matmul_no_bias.part.wgsl" with { type: "text" };
import register from "./matmul_register.wgsl" with { type: "text" };
import resultScalar from "./matmul_result_scalar.part.wgsl" with { type: "text" };
import resultVec4 from "./matmul_result_vec4.part.wgsl" with { type: "text" };
import subgroup from "./matmul_subgroup.wgsl" with { type: "text" };
import sum from "./matmul_sum.wgsl" with { type: "text" };
import tiled from "./matmul_tiled.wgsl" with { type: "text" };
import { type MatmulChoice, type MatmulSizes, type MatmulVariant, sharesRight } from "./matmul_variant.ts";

type Scalars = "K" | "parts" | "chunk" | "strideA" | "strideB" | "strideBias";
/** With a bias the kernel has an input of that name, which the type leaves out. */
type MatmulKernel = KernelOf<"a" | "b", "c", Scalars>;
/** A row for every replica to add, flat, and the elements from one replica's to the next. */
type Bias = { readonly bias: Tensor; readonly strideBias: number };

/** Steps of k that one pass through a main loop makes. */
const STEPS: Readonly<Record<MatmulVariant, number>> = { naive: 1, register: 4, subgroup: 4, tiled: 16 };

/** Parts begin at multiples of this many steps: whole passes of every variant. */
const GRAIN = Math.max(...Object.values(STEPS));

/**
 * Most steps of a part that no variant's loops are cut short for; the same for all, so that all have the same parts.
 */
const MOST_STEPS = MAX_LOOP_ITERATIONS - MAX_LOOP_ITERATIONS % GRAIN;

/**
 * Sizes from which a sum is worth parting: fewer entries than `entries` leave cores idle, fewer steps a part than
 * `steps` do not repay adding up.
 */
const PARTED = { software: { entries: 16_384, steps: 512 }, gpu: { entries: 262_144, steps: 256 } } as const;

const GROUPS: Readonly<Record<MatmulVariant, (sizes: Sizes) => number>> = {
  naive: ({ R, M, N }) => Math.ceil(R * M * N / 64),
  register: ({ R, M, N }) => Math.ceil(R * Math.ceil(M / 8) * Math.ceil(N / 8) / 8),
  subgroup: ({ R, M, N, LANES, GROUPS, ROWS, SLICES, SHARED }) => {
    const bands = Math.ceil(M / ROWS);
    const rows = SHARED ? R * Math.ceil(bands / GROUPS) : Math.ceil(R * bands / GROUPS);
    return rows * Math.ceil(N * GROUPS / (4 * LANES * SLICES));
  },
  tiled: ({ R, M, N }) => R * Math.ceil(M / 64) * Math.ceil(N / 64),
};

/**
 * Parts a sum over k, by the sizes of one replica's product.
 *
 * @param adapter Adapter that runs the kernels.
 * @param sizes Rows, columns and steps of one replica's product.
 * @param wanted Number of parts, if not for this function to choose.
 * @returns Number of parts, and the steps of each, a multiple of 16 if there are several; the last may be shorter.
 */
export function choosePartition(
  { software }: Pick<AdapterSummary, "software">,
  { M, N, K }: Omit<MatmulSizes, "R">,
  wanted?: number,
): { parts: number; chunk: number } {
  const { entries, steps } = software ? PARTED.software : PARTED.gpu;
  const useful = wanted ?? Math.min(Math.ceil(entries / (M * N)), Math.floor(K / steps));
  const parts = Math.max(1, useful, Math.ceil(K / MOST_STEPS));
  if (parts === 1) return { parts, chunk: K };
  const chunk = Math.ceil(K / parts / GRAIN) * GRAIN;
  return { parts: Math.ceil(K / chunk), chunk };
}

const kernels = new Map<string, MatmulKernel>();

/** Properties that a kernel is specialised for, besides its tile. */
interface Layout {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/**
 * Finds the kernel of a choice; rows that start at multiples of four elements are read and written four at a time.
 *
 * @param adapter Adapter that runs the kernels.
 * @param choice Variant and tile.
 * @param layout Sizes and transpositions.
 * @param biased Whether a bias is added.
 * @returns The launch of one product; the sizes count parts as replicas.
 * @throws {ShapeError} If subgroups of one size are needed and there are none.
 */
export function matmulKernel(
  { subgroupSize }: Pick<AdapterSummary, "subgroupSize">,
  { variant, groups = 1, rows = 32, slices = 1 }: MatmulChoice,
  { transposeA, transposeB, M, N, K }: Layout,
  biased: boolean,
): (args: { a: Tensor; b: Tensor } & Record<Scalars, number> & Partial<Bias>, sizes: Sizes) => Tensor {
  const constants: Record<string, number> = { TRANSPOSE_A: Number(transposeA), TRANSPOSE_B: Number(transposeB) };
  if (variant !== "naive") constants.TAIL = Number(K % STEPS[variant] > 0);
  if (variant === "subgroup") {
    if (subgroupSize === 0) {
      throw new ShapeError(`matmul: expected subgroups of one size for the variant "subgroup", found none`);
    }
    Object.assign(constants, { LANES: subgroupSize, GROUPS: groups, ROWS: rows, SLICES: slices });
    constants.SHARED = Number(sharesRight(M, { groups, rows }));
  }
  const aligned = [transposeA ? M : K, transposeB ? K : N, N].map((columns) =>
    variant !== "naive" && columns % 4 === 0
  );
  const key = [variant, biased, ...aligned].join();
  let found = kernels.get(key);
  if (!found) kernels.set(key, found = declare(variant, biased, aligned));
  const multiply = found;
  // The lanes of a subgroup take equally many steps: those of a shorter last part go on past K.
  const past = ({ parts, chunk }: Record<Scalars, number>) => variant === "subgroup" && parts * chunk > K;
  return (args, sizes) => multiply(args, { ...sizes, ...constants, ...(past(args) ? { TAIL: 1 } : {}) }).c;
}

function declare(variant: MatmulVariant, biased: boolean, [alignedA, alignedB, alignedC]: boolean[]): MatmulKernel {
  const code: Record<string, string> = {};
  if (variant === "naive") code["kernels/matmul/matmul_naive.wgsl"] = naive;
  else {
    code["kernels/matmul/matmul_blocks.part.wgsl"] = blocks;
    Object.assign(code, rowsOf("a", 1, alignedA), rowsOf("b", 2, alignedB));
    code[`kernels/matmul_result_${alignedC ? "vec4" : "scalar"}.wgsl`] = alignedC ? resultVec4 : resultScalar;
  }
  Object.assign(code, biasFiles(biased, 4, alignedC));
  if (variant !== "naive") code[`kernels/matmul_${variant}.wgsl`] = { register, subgroup, tiled }[variant];
  return kernel({
    label: "matmul",
    code,
    inputs: { a: ["A"], b: ["B"], ...(biased ? { bias: ["Z"] } : {}) },
    outputs: { c: ["R", "M", "N"] },
    scalars: ["K", "parts", "chunk", "strideA", "strideB", "strideBias"],
    groups: GROUPS[variant],
    epilogue: { output: "c", unrolled: variant !== "naive" },
    flops: ({ R, M, N, K, parts }) => 2 * (R / parts) * M * N * K,
  });
}

function rowsOf(name: "a" | "b" | "bias", slot: number, aligned: boolean): WgslFiles {
  const file = `kernels/matmul_block_${aligned ? "vec4" : "scalar"}.wgsl (${name})`;
  const text = aligned ? blockVec4 : blockScalar;
  return { [file]: text.replaceAll(/\boperand/g, name).replace("@binding(1)", `@binding(${slot})`) };
}

function biasFiles(biased: boolean, slot: number, aligned: boolean): WgslFiles {
  if (!biased) return { "kernels/matmul/matmul_no_bias.part.wgsl": noBias };
  return { ...rowsOf("bias", slot, aligned), "kernels/matmul/matmul_bias.part.wgsl": biasOf };
}

const [sumPlain, sumBiased] = [false, true].map((biased): KernelOf<"part", "c", "strideBias"> =>
  kernel({
    label: "matmul_sum",
    code: {
      "kernels/matmul/matmul_sum.wgsl": sum,
      ...biasFiles(biased, 3, false),
    },
    inputs: { part: ["R", "P", "M", "N"], ...(biased ? { bias: ["Z"] } : {}) },
    outputs: { c: ["R", "M", "N"] },
    scalars: ["strideBias"],
    groups: ({ R, M, N }) => Math.ceil(R * M * N / 64),
    epilogue: { output: "c" },
  })
);

/**
 * Adds up the parts of a long sum, in order: `c[r,m,n] = Σ_p part[r,p,m,n] + bias[r,n]`.
 *
 * @param part Parts (R, P, M, N).
 * @param added Row to add, if any.
 * @returns Product (R, M, N).
 */
export function matmulSum(part: Tensor, added?: Bias): Tensor {
  return added ? sumBiased({ part, ...added }).c : sumPlain({ part, strideBias: 0 }).c;
}
