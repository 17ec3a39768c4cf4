/** Systems of equations: triangular, symmetric positive definite, general. */
import { householderApply, householderTriangle } from "../../kernels/linalg/householder.ts";
import { pack, unpack } from "../../kernels/linalg/packing.ts";
import { substitute } from "../../kernels/linalg/triangular_solve.ts";
import { permute } from "../../kernels/arrange/strided.ts";
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { differentiable } from "../autodiff/differentiable.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { Array64 } from "../gpu/trace.ts";
import { batchOf, roundUp, sameRows, squareBatchOf } from "./batch.ts";
import { cholesky } from "./cholesky.ts";
import { reflect } from "./qr.ts";
import { solveReference } from "./reference_solve.ts";
import { Scratch } from "./scratch.ts";

/** Which triangle, and which side of the diagonal it stands for. */
export interface TriangularOptions {
  /** Whether the entries are on and above the diagonal instead of on and below; the others are not read. */
  readonly upper?: boolean;
  /** Whether to solve with the transpose. */
  readonly transpose?: boolean;
}

/**
 * Solves `T X = B`, or `Tᵀ X = B`, for triangular T by substitution, on the GPU.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { solveTriangular } from "./solve.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using t = Tensor.from([2, 0, 1, 4], [2, 2]);
 * using b = Tensor.from([2, 9], [2, 1]);
 * using x = solveTriangular(t, b);
 * assertEquals([...await x.read()], [1, 2]);
 * ```
 *
 * @param t Triangles (…, N, N) without a zero on the diagonal.
 * @param b Right-hand sides (…, N, K).
 * @param options Which triangle.
 * @returns X (…, N, K); the caller owns it.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function solveTriangular(t: Tensor, b: Tensor, options: TriangularOptions = {}): Tensor {
  const { upper = false, transpose = false } = options;
  const left = squareBatchOf("solveTriangular", "t", t);
  const right = batchOf("solveTriangular", "b", b);
  sameRows("solveTriangular", left, right);
  using scratch = new Scratch();
  const { lead, B, N } = left;
  const reverse = upper !== transpose;
  const rows = scratch.keep(rightSides(b.reshape([B, N, right.N]), reverse));
  substituteRows(t.reshape([B, N, N]), rows, reverse, transpose, scratch);
  return solution(rows, N, reverse).reshape([...lead, N, right.N]);
}

/**
 * Solves `A X = B` for symmetric positive definite A by {@linkcode cholesky}. Gradients pass through.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { solvePositive } from "./solve.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([4, 2, 2, 10], [2, 2]);
 * using b = Tensor.from([6, 12], [2, 1]);
 * using x = solvePositive(a, b);
 * assertEquals([...await x.read()], [1, 1]);
 * ```
 *
 * @param a Symmetric positive definite matrices (…, N, N); only the lower triangle is read.
 * @param b Right-hand sides (…, N, K).
 * @returns X (…, N, K), NaN where A is not positive definite; the caller owns it.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function solvePositive(a: Tensor, b: Tensor): Tensor {
  const left = squareBatchOf("solvePositive", "a", a);
  const right = batchOf("solvePositive", "b", b);
  sameRows("solvePositive", left, right);
  using scratch = new Scratch();
  const l = scratch.keep(cholesky(a));
  const x = solveTriangular(l, scratch.keep(solveTriangular(l, b)), { transpose: true });
  const { lead, B, N } = left;
  return differentiable({
    label: "solvePositive",
    inputs: [a, b],
    output: x,
    gradient: (dx) => {
      const db = solvePositive(a, dx.reshape(x.shape));
      const sides = [B, N, right.N];
      const outer = matmul(db.reshape(sides), x.reshape(sides), { transposeB: true });
      // Only the lower triangle is read, which stands for both.
      const both = multiply(add(outer, permute(outer, [0, 2, 1])), own(Tensor.from(lowerTriangle(N), [N, N], "lower")));
      return [both.reshape([...lead, N, N]), db];
    },
    reference: (a, b) => solvePositiveReference(a, b, [B, N, right.N]),
  });
}

/** −1 below the diagonal and −½ on it (N, N). */
function lowerTriangle(N: number): Float32Array {
  return Float32Array.from({ length: N * N }, (_, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    return i > j ? -1 : i === j ? -0.5 : 0;
  });
}

function solvePositiveReference(a: Array64, b: Array64, [B, N, K]: readonly number[]): Array64 {
  const data = new Float64Array(B * N * K);
  for (let matrix = 0; matrix < B; matrix++) {
    const own = a.data.subarray(matrix * N * N, (matrix + 1) * N * N);
    const symmetric = own.map((_, at) =>
      own[Math.max(Math.floor(at / N), at % N) * N + Math.min(Math.floor(at / N), at % N)]
    );
    const sides = b.data.subarray(matrix * N * K, (matrix + 1) * N * K);
    data.set(solveReference(symmetric, sides, N, K), matrix * N * K);
  }
  return { shape: b.shape, data };
}

/**
 * Solves `A X = B` for any invertible A by {@linkcode qr}: `X = R⁻¹ Qᵀ B`.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { solve } from "./solve.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([0, 2, 1, 0], [2, 2]);
 * using b = Tensor.from([4, 3], [2, 1]);
 * using x = solve(a, b);
 * const [first, second] = await x.read();
 * assertAlmostEquals(first, 3, 1e-5);
 * assertAlmostEquals(second, 2, 1e-5);
 * ```
 *
 * @param a Invertible matrices (…, N, N).
 * @param b Right-hand sides (…, N, K).
 * @returns X (…, N, K), not finite where A is singular; the caller owns it.
 * @throws {ShapeError} If shapes do not belong together.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  const left = squareBatchOf("solve", "a", a);
  const right = batchOf("solve", "b", b);
  sameRows("solve", left, right);
  using scratch = new Scratch();
  const { lead, B, N } = left;
  const { x, pivots, scale } = reflect(a.reshape([B, N, N]), scratch);
  const r = scratch.keep(householderTriangle({ x, pivots, scale }).r);
  const packed = scratch.keep(rightSides(b.reshape([B, N, right.N]), false));
  householderApply(x, pivots, packed, false);
  const rotated = scratch.keep(solution(packed, N, false));
  return solveTriangular(r.reshape([...lead, N, N]), rotated.reshape([...lead, N, right.N]), { upper: true });
}

/** Right-hand sides (B, N, K) as rows (B, K, N), filled up to multiples of four. */
function rightSides(b: Tensor, reverse: boolean): Tensor {
  const [, N, K] = b.shape;
  const J = roundUp(N, 4);
  const constants = { TRANSPOSE: 1, REVERSE: Number(reverse), SCALE: 0 };
  return pack({ a: b, scale: b.reshape([b.size]), height: J }, { I: K, J, ...constants }).y;
}

function substituteRows(t: Tensor, rows: Tensor, reverse: boolean, transpose: boolean, scratch: Scratch): void {
  const J = rows.shape[2];
  const constants = { TRANSPOSE: Number(transpose), REVERSE: reverse ? 2 : 0, SCALE: 0, PAD: 1 };
  const { y } = pack({ a: t, scale: t.reshape([t.size]), height: J }, { I: J, J, ...constants });
  substitute(scratch.keep(y), rows);
}

function solution(rows: Tensor, N: number, reverse: boolean): Tensor {
  const constants = { TRANSPOSE: 1, REVERSE_ROWS: Number(reverse), DIVIDE: 0 };
  return unpack({ x: rows, scale: rows.reshape([rows.size]) }, { M: N, N: rows.shape[1], ...constants }).y;
}
