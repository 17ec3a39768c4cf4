/** Angles between subspaces. */
import { angles } from "../../kernels/linalg/angles.ts";
import { combine } from "../../kernels/shared/combine.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { batchOf, sameRows } from "./batch.ts";
import { qr } from "./qr.ts";
import { Scratch } from "./scratch.ts";
import { singularValues } from "./svd.ts";

/**
 * Principal angles between the column spaces of A and B, on the GPU (Björck & Golub 1973; Knyazev & Argentati 2002).
 *
 * With orthonormal bases Q_A and Q_B, cosines are the singular values of `Q_Aᵀ Q_B` and sines those of
 * `Q_B − Q_A Q_Aᵀ Q_B`: using both, every angle is right to 1e-6 radians, small ones too.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { principalAngles } from "./principal_angles.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 0, 0], [3, 1]);
 * using b = Tensor.from([1, 1e-4, 0], [3, 1]);
 * using theta = principalAngles(a, b);
 * assertAlmostEquals((await theta.read())[0], 1e-4, 1e-9);
 * ```
 *
 * @param a Linearly independent columns (…, M, P), P ≤ M.
 * @param b Linearly independent columns (…, M, Q), Q ≤ M.
 * @returns Angles (…, min(P, Q)) in radians, 0 … π/2, from the smallest; the caller owns them.
 * @throws {ShapeError} If shapes do not belong together, or there are more columns than rows.
 */
export function principalAngles(a: Tensor, b: Tensor): Tensor {
  const label = "principalAngles";
  const [left, right] = [batchOf(label, "a", a), batchOf(label, "b", b)];
  sameRows(label, left, right);
  for (const [name, { M, N }] of Object.entries({ a: left, b: right })) {
    if (N > M) throw new ShapeError(`${label}: expected at most ${M} columns in "${name}", found ${N}`);
  }
  // The sines of the smaller space are those of all angles; the larger one would add right angles.
  if (right.N > left.N) return principalAngles(b, a);
  using scratch = new Scratch();
  const { lead, B, M } = left;
  const [first, second] = [qr(a.reshape([B, M, left.N])), qr(b.reshape([B, M, right.N]))];
  for (const tensor of [first.q, first.r, second.q, second.r]) scratch.keep(tensor);
  const overlap = scratch.keep(matmul(first.q, second.q, { transposeA: true }));
  const within = scratch.keep(matmul(first.q, overlap));
  const size = second.q.size;
  const { y } = combine({ a: second.q.reshape([size]), b: within.reshape([size]), alpha: 1, beta: -1 });
  scratch.keep(y);
  const cosine = scratch.keep(singularValues(overlap));
  const sine = scratch.keep(singularValues(y.reshape([B, M, right.N])));
  return angles({ cosine, sine }).angle.reshape([...lead, right.N]);
}
