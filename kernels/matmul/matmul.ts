/** Matrix products over replicas, in every transposition. */
import { type Array64, sizeOf } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type MatmulOptions, product, productSizes } from "./matmul_product.ts";
import { sumTo } from "../reduce/reduce.ts";

export type { MatmulOptions } from "./matmul_product.ts";
export { chooseMatmul, type MatmulChoice, type MatmulSizes, type MatmulVariant } from "./matmul_variant.ts";

/**
 * Multiplies matrices, replica by replica: `c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] + bias[r,n]`, in f32.
 *
 * An operand without the replica axis, or with one of extent 1, serves every replica, and its gradient is their sum.
 * Gradients are made of the same operation: `da = dc bᵀ` and `db = aᵀ dc`. Sums are in order of k; long ones of few
 * entries are made in parts, which a second dispatch adds in order. Replica r has the same bits alone and in an
 * ensemble.
 *
 * @param a Left operand (M, K) or (R, M, K); with `transposeA` (K, M) or (R, K, M). Finite.
 * @param b Right operand (K, N) or (R, K, N); with `transposeB` (N, K) or (R, N, K). Finite.
 * @param options Transpositions, and a bias.
 * @returns Product (R, M, N), or (M, N) if nothing has a replica axis.
 * @throws {ShapeError} If an argument has another rank, or inner sizes, columns or numbers of replicas differ.
 *
 * @example
 * ```ts
 * import { matmul } from "./matmul.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 2, 3, 4], [2, 2]);
 * using b = Tensor.from([5, 6], [1, 2]);
 * using c = matmul(a, b, { transposeB: true });
 * assertEquals([c.shape, ...await c.read()], [[2, 1], 17, 39]);
 * using bias = Tensor.from([100]);
 * using d = matmul(a, b, { transposeB: true, bias });
 * assertEquals([...await d.read()], [117, 139]);
 * ```
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, bias } = options;
  return differentiable({
    label: "matmul",
    inputs: bias ? [a, b, bias] : [a, b],
    output: product(a, b, options),
    gradient: (dc) => {
      const da = transposeA
        ? matmul(b, dc, { transposeA: transposeB, transposeB: true })
        : matmul(dc, b, { transposeB: !transposeB });
      const db = transposeB
        ? matmul(dc, a, { transposeA: true, transposeB: transposeA })
        : rightGradient(a, b, dc, transposeA);
      return [sumTo(da, a.shape), sumTo(db, b.shape), ...(bias ? [biasGradient(dc, bias)] : [])];
    },
    reference: (a, b, bias) => matmulReference(a, b, { transposeA, transposeB, bias }),
  });
}

/** The sum of the rows. */
function biasGradient(dc: Tensor, { shape }: Tensor): Tensor {
  return sumTo(dc, dc.shape.length === 3 && shape.length === 2 ? [shape[0], 1, shape[1]] : shape).reshape(shape);
}

/** `aᵀ dc`; where one b served all replicas, their rows are those of one tall matrix, which sums over them at once. */
function rightGradient(a: Tensor, b: Tensor, dc: Tensor, transposeA: boolean): Tensor {
  const shared = b.shape.length === 2 || b.shape[0] === 1;
  if (!shared || transposeA || a.shape.length === 2) return matmul(a, dc, { transposeA: !transposeA });
  const rows = ({ shape: [R, M, N] }: Tensor) => [R * M, N];
  return matmul(a.reshape(rows(a)), dc.reshape(rows(dc)), { transposeA: true }).reshape(b.shape);
}

/**
 * {@linkcode matmul} in float64.
 *
 * @param a Left operand.
 * @param b Right operand.
 * @param options Transpositions, and a bias.
 * @returns Product.
 */
export function matmulReference(
  a: Array64,
  b: Array64,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly bias?: Array64 } = {},
): Array64 {
  const { transposeA = false, transposeB = false, bias } = options;
  const { R, M, N, K, strideA, strideB, strideBias, shape } = productSizes(a, b, options);
  const data = new Float64Array(sizeOf(shape));
  const [rowA, stepA] = transposeA ? [1, M] : [K, 1];
  const [stepB, columnB] = transposeB ? [1, K] : [N, 1];
  for (let r = 0; r < R; r++) {
    for (let m = 0; m < M; m++) {
      const row = (r * M + m) * N;
      for (let n = 0; bias && n < N; n++) data[row + n] = bias.data[r * strideBias + n];
      for (let k = 0; k < K; k++) {
        const left = a.data[r * strideA + m * rowA + k * stepA];
        for (let n = 0; n < N; n++) data[row + n] += left * b.data[r * strideB + k * stepB + n * columnB];
      }
    }
  }
  return { shape, data };
}
