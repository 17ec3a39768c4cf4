/** One matrix product: which kernels make it, and how its operands lie. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { currentTrace } from "../../lib/gpu/trace.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { choosePartition, matmulKernel, matmulSum } from "./matmul_kernels.ts";
import { chooseMatmul, type MatmulChoice } from "./matmul_variant.ts";

/** Options of a product: transpositions, a bias, a kernel. */
export interface MatmulOptions {
  /** `a` is stored as (…, K, M). */
  readonly transposeA?: boolean;
  /** `b` is stored as (…, N, K). */
  readonly transposeB?: boolean;
  /** Added to every row of the product: (N), or (R, N) for one row a replica. Finite. */
  readonly bias?: Tensor;
  /** Kernel that multiplies; by default the one that should be fastest on this adapter. */
  readonly choice?: MatmulChoice;
}

/**
 * Launches the kernels of a product; see `matmul`, which makes it differentiable.
 *
 * @param a Left operand.
 * @param b Right operand.
 * @param options Transpositions, and a bias.
 * @returns Product (R, M, N), or (M, N) if nothing has a replica axis.
 * @throws {ShapeError} If an argument has another rank, or inner sizes, columns or numbers of replicas differ.
 */
export function product(a: Tensor, b: Tensor, options: MatmulOptions): Tensor {
  const { transposeA = false, transposeB = false, bias } = options;
  const sizes = productSizes(a, b, options);
  const { M, N, K, strideA, strideB, strideBias } = sizes;
  const { adapter } = currentGpu();
  // One right matrix for all replicas: their rows are those of one tall left matrix, and fill tiles together.
  const tall = strideB === 0 && strideBias === 0 && strideA !== 0 && !transposeA;
  const [R, rows] = tall ? [1, sizes.R * M] : [sizes.R, M];
  // How a sum is parted is part of its bits, so it goes by one replica's sizes.
  const { parts, chunk } = choosePartition(adapter, { M, N, K }, options.choice?.parts);
  const choice = options.choice ?? chooseMatmul(adapter, { R: R * parts, M: rows, N, K: chunk });

  const added = bias && { bias: bias.reshape([bias.size]), strideBias };
  const layout = { transposeA, transposeB, M: rows, N, K };
  const operands = { a: a.reshape([a.size]), b: b.reshape([b.size]), K, parts, chunk, strideA, strideB };
  const multiply = matmulKernel(adapter, choice, layout, bias !== undefined && parts === 1);
  if (parts === 1) return multiply({ ...operands, strideBias: 0, ...added }, { R, M: rows, N }).reshape(sizes.shape);
  const part = multiply({ ...operands, strideBias: 0 }, { R: R * parts, M: rows, N });
  const sum = matmulSum(part.reshape([R, parts, rows, N]), added).reshape(sizes.shape);
  // A recorded program keeps the parts and frees them.
  if (!currentTrace()) part.destroy();
  return sum;
}

/** Anything with a shape: tensors, and arrays of the host. */
type Shaped = Pick<Tensor, "shape">;

/** Sizes of a product, and how its operands lie in memory. */
export interface ProductSizes {
  /** Replicas. */
  readonly R: number;
  /** Rows. */
  readonly M: number;
  /** Columns. */
  readonly N: number;
  /** Terms of a sum. */
  readonly K: number;
  /** Elements from one replica to the next; 0 if there is one matrix for all. */
  readonly strideA: number;
  /** As strideA, of the right operand. */
  readonly strideB: number;
  /** As strideA, of the bias. */
  readonly strideBias: number;
  /** Shape of the product. */
  readonly shape: readonly number[];
}

/**
 * Finds the sizes of a product.
 *
 * @param a Left operand.
 * @param b Right operand.
 * @param options Transpositions, and a bias.
 * @returns Sizes, strides and the product's shape.
 * @throws {ShapeError} If the operands do not fit.
 */
export function productSizes(
  a: Shaped,
  b: Shaped,
  { transposeA, transposeB, bias }: Omit<MatmulOptions, "bias"> & { readonly bias?: Shaped },
): ProductSizes {
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
  const rowsOfBias = bias === undefined ? 1 : biasRows(bias, R, N);
  const batched = a.shape.length === 3 || b.shape.length === 3;
  return {
    R,
    M,
    N,
    K,
    strideA: left.R > 1 ? M * K : 0,
    strideB: right.R > 1 ? K * N : 0,
    strideBias: rowsOfBias > 1 ? N : 0,
    shape: batched ? [R, M, N] : [M, N],
  };
}

function biasRows({ shape }: Shaped, R: number, N: number): number {
  const rows = shape.length === 1 ? 1 : shape[0];
  if (shape.length < 1 || shape.length > 2 || shape.at(-1) !== N || (rows !== 1 && rows !== R)) {
    throw new ShapeError(`matmul: expected "bias" of shape (${N}) or (${R}, ${N}), found (${shape.join(", ")})`);
  }
  return rows;
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
