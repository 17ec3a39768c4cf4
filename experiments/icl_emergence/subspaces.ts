/** How far the row spaces of the circuits are from where they end. */
import { matmul } from "../../kernels/matmul.ts";
import { divide, subtract } from "../../kernels/binary.ts";
import { sum } from "../../kernels/reduce.ts";
import { slice } from "../../kernels/blocks.ts";
import { sqrt, square } from "../../kernels/unary.ts";
import { type Program, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { qr } from "../../lib/linalg/qr.ts";
import type { Weights } from "../../lib/models/parameters.ts";
import type { Decoder } from "./decoder.ts";
import { factorsOf } from "./measures.ts";

/** Distances by quantity, (reports, R, L H). */
export type Distances = Readonly<Record<"QK distance" | "OV distance", Float32Array>>;

/**
 * Subspace distances `min_A ‖A M(t) − M(∞)‖ / ‖M(∞)‖ = ‖M(∞) (I − V_t V_tᵀ)‖ / ‖M(∞)‖` (arXiv 2504.12916), V_t a basis
 * of the row space of M(t). Rank rule: that of the circuit, d_head. As `M = A Bᵀ`, the row space of M is the column space
 * of B: W_K for QK, W_Oᵀ for OV.
 *
 * @param sizes Sizes of the decoder.
 * @param weights Parameters at the end.
 * @param keys W_K of all layers at each report (L R H, C, D).
 * @param outputs W_Oᵀ at each report.
 * @returns Distances of QK and OV, 0 … 1.
 */
export async function rowSpaceDistances(
  sizes: Decoder,
  weights: Weights,
  keys: readonly Float32Array[],
  outputs: readonly Float32Array[],
): Promise<Distances> {
  const { layers: L, heads: H, width: C } = sizes;
  const D = C / H;
  const R = keys[0].length / (L * H * C * D);
  using now = new Tensor([L * R * H, C, D], "f32", "bases");
  const distances = (circuit: (layer: number) => readonly [Tensor, Tensor]) =>
    record("subspace distance", () => {
      const basis = qr(now).q.reshape([L, R * H, C, D]);
      return Array.from({ length: L }, (_, layer) => {
        const V = slice(basis, 0, layer, layer + 1).reshape([R * H, C, D]);
        const M = matmul(...circuit(layer), { transposeB: true });
        const rest = subtract(M, matmul(matmul(M, V), V, { transposeB: true }));
        return divide(sqrt(sum(square(rest), [1, 2])), sqrt(sum(square(M), [1, 2])));
      });
    });
  const along = async (program: Program<Tensor[]>, bases: readonly Float32Array[]) => {
    const all = new Float32Array(bases.length * R * L * H);
    for (const [report, basis] of bases.entries()) {
      now.write(basis);
      program.replay();
      for (const [layer, distance] of program.outputs.entries()) {
        const values = await distance.read();
        values.forEach((value, index) => {
          const [r, h] = [Math.floor(index / H), index % H];
          all[((report * R + r) * L + layer) * H + h] = value;
        });
      }
    }
    return all;
  };
  using qk = await distances((layer) => {
    const { query, key } = factorsOf(sizes, weights, layer);
    return [query, key];
  });
  using ov = await distances((layer) => {
    const { value, output } = factorsOf(sizes, weights, layer);
    return [value, output];
  });
  return { "QK distance": await along(qk, keys), "OV distance": await along(ov, outputs) };
}
