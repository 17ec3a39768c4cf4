/** Matrix products over replicas, in every transposition. */
import { currentGpu } from "../lib/gpu/device.ts";
import { ShapeError } from "../lib/gpu/errors.ts";
import { type Array64, sizeOf } from "../lib/autodiff/array64.ts";
import { differentiable } from "../lib/autodiff/differentiable.ts";
import { kernel, type KernelOf, type Sizes } from "../lib/gpu/kernel.ts";
import { MAX_LOOP_ITERATIONS } from "../lib/gpu/loops.ts";
import { makeTensor } from "../lib/gpu/trace.ts";
import type { Tensor } from "../lib/gpu/tensor.ts";
import type { WgslFiles } from "../lib/gpu/wgsl.ts";
import index from "./index.wgsl" with { type: "text" };
import blockScalar from "./matmul_block_scalar.wgsl" with { type: "text" };
import blockVec4 from "./matmul_block_vec4.wgsl" with { type: "text" };
import blocks from "./matmul_blocks.wgsl" with { type: "text" };
import naive from "./matmul_naive.wgsl" with { type: "text" };
import register from "./matmul_register.wgsl" with { type: "text" };
import resultScalar from "./matmul_result_scalar.wgsl" with { type: "text" };
import resultVec4 from "./matmul_result_vec4.wgsl" with { type: "text" };
import subgroup from "./matmul_subgroup.wgsl" with { type: "text" };
import tiled from "./matmul_tiled.wgsl" with { type: "text" };
import { chooseMatmul, type MatmulChoice, type MatmulVariant } from "./matmul_variant.ts";
import { sumTo } from "./reduce.ts";

export { chooseMatmul, type MatmulChoice, type MatmulVariant } from "./matmul_variant.ts";

/** How the operands lie in memory, and which kernel multiplies them. */
export interface MatmulOptions {
  /** `a` is stored as (…, K, M). */
  readonly transposeA?: boolean;
  /** `b` is stored as (…, N, K). */
  readonly transposeB?: boolean;
  /** Which kernel; by default {@linkcode chooseMatmul}'s choice. */
  readonly choice?: MatmulChoice;
}

type MatmulKernel = KernelOf<"a" | "b", "c", "K" | "start" | "end" | "strideA" | "strideB">;

/** Steps of k that one pass through a main loop makes, and the loop iterations that takes; leaving a loop counts as one. */
const PASS: Readonly<Record<MatmulVariant, { readonly steps: number; readonly iterations: number }>> = {
  naive: { steps: 1, iterations: 1 },
  register: { steps: 4, iterations: 1 },
  subgroup: { steps: 4, iterations: 1 },
  tiled: { steps: 16, iterations: 6 },
};

/** Workgroups of each variant; LANES and SLICES are those of `matmul_subgroup.wgsl`. */
const GROUPS: Readonly<Record<MatmulVariant, (sizes: Sizes) => number>> = {
  naive: ({ R, M, N }) => Math.ceil(R * M * N / 64),
  register: (sizes) => Math.ceil(tiles(sizes, 8, 8) / 8),
  subgroup: (sizes) => tiles(sizes, 4 * sizes.LANES, 4 * sizes.LANES * sizes.SLICES),
  tiled: (sizes) => tiles(sizes, 64, 64),
};

function tiles({ R, M, N }: Sizes, rows: number, columns: number): number {
  return R * Math.ceil(M / rows) * Math.ceil(N / columns);
}

/**
 * Matrix product over replicas: `c[r,m,n] = Σ_k a[r,m,k] b[r,k,n]`, in f32, summed in order of k.
 *
 * An operand without the replica axis, or with one of extent 1, serves every replica, and its gradient is their sum.
 * Gradients are made of the same operation: `da = dc bᵀ` and `db = aᵀ dc`. A product with more steps than a software driver's loops may take is made
 * by several dispatches that add up. Replica r has the same bits alone and in an ensemble.
 *
 * @param a Left operand (M, K) or (R, M, K); with `transposeA` (K, M) or (R, K, M). Finite.
 * @param b Right operand (K, N) or (R, K, N); with `transposeB` (N, K) or (R, N, K). Finite.
 * @param options Transpositions.
 * @returns Product (R, M, N), or (M, N) if neither operand has a replica axis.
 * @throws {ShapeError} If an operand has another rank, or inner sizes or numbers of replicas differ.
 *
 * @example
 * ```ts
 * import { matmul } from "./matmul.ts";
 * import { openGpu } from "../lib/gpu/device.ts";
 * import { Tensor } from "../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 2, 3, 4], [2, 2]);
 * using b = Tensor.from([5, 6], [1, 2]);
 * using c = matmul(a, b, { transposeB: true });
 * assertEquals([c.shape, ...await c.read()], [[2, 1], 17, 39]);
 * ```
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  return differentiable({
    label: "matmul",
    inputs: [a, b],
    output: product(a, b, options),
    gradient: (dc) => {
      const da = transposeA
        ? matmul(b, dc, { transposeA: transposeB, transposeB: true })
        : matmul(dc, b, { transposeB: !transposeB });
      const db = transposeB
        ? matmul(dc, a, { transposeA: true, transposeB: transposeA })
        : rightGradient(a, b, dc, transposeA);
      return [sumTo(da, a.shape), sumTo(db, b.shape)];
    },
    reference: (a, b) => matmulReference(a, b, options),
  });
}

/** `aᵀ dc`; where one b served all replicas, their rows are those of one tall matrix, which sums over them at once. */
function rightGradient(a: Tensor, b: Tensor, dc: Tensor, transposeA: boolean): Tensor {
  const shared = b.shape.length === 2 || b.shape[0] === 1;
  if (!shared || transposeA || a.shape.length === 2) return matmul(a, dc, { transposeA: !transposeA });
  const rows = ({ shape: [R, M, N] }: Tensor) => [R * M, N];
  return matmul(a.reshape(rows(a)), dc.reshape(rows(dc)), { transposeA: true });
}

/**
 * {@linkcode matmul} in float64.
 *
 * @param a Left operand.
 * @param b Right operand.
 * @param options Transpositions.
 * @returns Product.
 */
export function matmulReference(a: Array64, b: Array64, options: MatmulOptions = {}): Array64 {
  const { transposeA = false, transposeB = false } = options;
  const { R, M, N, K, strideA, strideB, shape } = productSizes(a, b, transposeA, transposeB);
  const data = new Float64Array(sizeOf(shape));
  const [rowA, stepA] = transposeA ? [1, M] : [K, 1];
  const [stepB, columnB] = transposeB ? [1, K] : [N, 1];
  for (let r = 0; r < R; r++) {
    for (let m = 0; m < M; m++) {
      for (let k = 0; k < K; k++) {
        const left = a.data[r * strideA + m * rowA + k * stepA];
        for (let n = 0; n < N; n++) {
          data[(r * M + m) * N + n] += left * b.data[r * strideB + k * stepB + n * columnB];
        }
      }
    }
  }
  return { shape, data };
}

function product(a: Tensor, b: Tensor, options: MatmulOptions): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const { R, M, N, K, strideA, strideB, shape } = productSizes(a, b, transposeA, transposeB);
  const { adapter } = currentGpu();
  const { variant, slices = 1 } = options.choice ?? chooseMatmul(adapter, M, N);
  const c = makeTensor(shape, "f32", "matmul.c");
  const constants: Record<string, number> = { TRANSPOSE_A: Number(transposeA), TRANSPOSE_B: Number(transposeB) };
  if (variant === "subgroup") {
    if (adapter.subgroupSize === 0) {
      throw new ShapeError(`matmul: expected subgroups of one size for the variant "subgroup", found none`);
    }
    Object.assign(constants, { LANES: adapter.subgroupSize, SLICES: slices });
  }
  // One right matrix for all replicas: their rows are those of one tall left matrix, and fill tiles together.
  const tall = strideB === 0 && strideA !== 0 && !transposeA;
  const product = c.reshape(tall ? [1, R * M, N] : [R, M, N]);
  const operands = { a: a.reshape([a.size]), b: b.reshape([b.size]), c: product, K, strideA, strideB };

  const aligned = (columns: number) => columns % 4 === 0;
  const run = kernelFor(variant, aligned(transposeA ? M : K), aligned(transposeB ? K : N), aligned(N));
  const { steps, iterations } = PASS[variant];
  const most = steps * Math.floor(MAX_LOOP_ITERATIONS / iterations);
  for (let start = 0; start < K; start += most) {
    const end = Math.min(K, start + most);
    const part: Record<string, number> = { ...constants, ADD: Number(start > 0) };
    if (variant !== "naive") part.TAIL = Number((end - start) % steps > 0);
    run({ ...operands, start, end }, part);
  }
  return c;
}

interface ProductSizes {
  readonly R: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Elements from one replica to the next; 0 if there is one matrix for all. */
  readonly strideA: number;
  readonly strideB: number;
  readonly shape: readonly number[];
}

type Shaped = Pick<Tensor, "shape">;

function productSizes(a: Shaped, b: Shaped, transposeA: boolean, transposeB: boolean): ProductSizes {
  const [left, right] = [split("a", a), split("b", b)];
  const [M, K] = transposeA ? [left.columns, left.rows] : [left.rows, left.columns];
  const [inner, N] = transposeB ? [right.columns, right.rows] : [right.rows, right.columns];
  const found = `found a (${a.shape.join(", ")})${transposeA ? " transposed" : ""} and b (${b.shape.join(", ")})${
    transposeB ? " transposed" : ""
  }`;
  if (K !== inner) throw new ShapeError(`matmul: expected as many columns of a as rows of b, ${found}`);
  if (left.R !== right.R && left.R !== 1 && right.R !== 1) {
    throw new ShapeError(`matmul: expected as many replicas of a as of b, or one, ${found}`);
  }
  const R = Math.max(left.R, right.R);
  const batched = a.shape.length === 3 || b.shape.length === 3;
  const strideA = left.R > 1 ? M * K : 0;
  const strideB = right.R > 1 ? K * N : 0;
  return { R, M, N, K, strideA, strideB, shape: batched ? [R, M, N] : [M, N] };
}

function split(name: string, { shape }: Shaped): { R: number; rows: number; columns: number } {
  if (shape.length !== 2 && shape.length !== 3) {
    throw new ShapeError(
      `matmul: expected "${name}" of shape (rows, columns) or (R, rows, columns), found (${shape.join(", ")})`,
    );
  }
  const [rows, columns] = shape.slice(-2);
  return { R: shape.length === 3 ? shape[0] : 1, rows, columns };
}

const kernels = new Map<string, MatmulKernel>();

/** Rows that start at multiples of four elements are read and written four at a time. */
function kernelFor(variant: MatmulVariant, alignedA: boolean, alignedB: boolean, alignedC: boolean): MatmulKernel {
  const key = variant === "naive" ? variant : [variant, alignedA, alignedB, alignedC].join();
  let found = kernels.get(key);
  if (!found) kernels.set(key, found = declare(variant, alignedA, alignedB, alignedC));
  return found;
}

function declare(variant: MatmulVariant, alignedA: boolean, alignedB: boolean, alignedC: boolean): MatmulKernel {
  const code: Record<string, string> = { "kernels/index.wgsl": index };
  if (variant === "naive") code["kernels/matmul_naive.wgsl"] = naive;
  else {
    code["kernels/matmul_blocks.wgsl"] = blocks;
    Object.assign(code, operandFile("a", 1, alignedA), operandFile("b", 2, alignedB));
    code[`kernels/matmul_result_${alignedC ? "vec4" : "scalar"}.wgsl`] = alignedC ? resultVec4 : resultScalar;
    code[`kernels/matmul_${variant}.wgsl`] = { register, subgroup, tiled }[variant];
  }
  return kernel({
    label: "matmul",
    code,
    inputs: { a: ["A"], b: ["B"] },
    outputs: { c: ["R", "M", "N"] },
    scalars: ["K", "start", "end", "strideA", "strideB"],
    groups: GROUPS[variant],
    flops: ({ R, M, N, start, end }) => 2 * R * M * N * (end - start),
  });
}

function operandFile(name: "a" | "b", slot: number, aligned: boolean): WgslFiles {
  const file = `kernels/matmul_block_${aligned ? "vec4" : "scalar"}.wgsl (${name})`;
  const text = aligned ? blockVec4 : blockScalar;
  return { [file]: text.replaceAll(/\boperand/g, name).replace("@binding(1)", `@binding(${slot})`) };
}
