/** What is done to the leading subspaces of the QK circuits before the window. */
import { copy } from "../../kernels/shared/copy.ts";
import { subtract } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { permute } from "../../kernels/arrange/strided.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svd } from "../../lib/linalg/svd.ts";
import { qr } from "../../lib/linalg/qr.ts";
import type { NamedArray, ParameterSet } from "../../lib/models/parameters.ts";
import type { Optimizer } from "../../lib/optim/mod.ts";
import { normals } from "../../lib/random/random.ts";
import type { Decoder } from "./decoder.ts";
import { headOf, norm, projectionOn, repeated, turned, writeHead } from "./head_matrices.ts";

/**
 * Interventions, one block of replicas each:
 * - `freeze top`: what W_Q and W_K read from the k leading left and right singular directions of QK stays as it is;
 * - `freeze random`: the same of k random directions, its control;
 * - `re-randomise top`: what they read from the k leading directions is read from k random ones instead;
 * - `random change`: a Gaussian change of the same norm, its control.
 */
export const INTERVENTIONS = ["freeze top", "freeze random", "re-randomise top", "random change"] as const;

/** Which intervention. */
export type Intervention = typeof INTERVENTIONS[number];

/** Orthonormal frames (C, k) of one head's query and key side, in float64, row-major. */
interface Frames {
  readonly query: Float64Array;
  readonly key: Float64Array;
}

/** The weights of one layer on the host. */
interface Sides {
  /** W_Q and W_K (R, C, H D). */
  readonly query: NamedArray;
  readonly key: NamedArray;
}

/** What an intervention ensemble starts from. */
export interface Intervened {
  /** Tensors of the state, with the replicas of every intervention one after the other: (4 R, …). */
  readonly tensors: readonly NamedArray[];
  /** Projections that are held fixed, for each layer (4 R, 3 H, C, C); zero where nothing is. */
  readonly projections: readonly Float32Array[];
}

/**
 * Applies every intervention to a state.
 *
 * @param sizes Sizes of the decoder.
 * @param tensors Parameters and optimiser's state of R replicas.
 * @param seeds Seeds of the replicas: random frames and changes are drawn from them.
 * @param k Dimension of the subspaces.
 * @returns State and projections of 4 R replicas.
 */
export async function intervene(
  sizes: Decoder,
  tensors: readonly NamedArray[],
  seeds: readonly number[],
  k: number,
): Promise<Intervened> {
  const { layers, heads: H, width: C } = sizes;
  const [R, D] = [seeds.length, C / H];
  const changed = tensors.map((tensor) => repeated(tensor, INTERVENTIONS.length));
  const projections: Float32Array[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const sideOf = (list: readonly NamedArray[], side: string) =>
      list.find(({ name }) => name === `blocks.${layer}.attention.${side}`)!;
    const now: Sides = { query: sideOf(tensors, "query"), key: sideOf(tensors, "key") };
    const target: Sides = { query: sideOf(changed, "query"), key: sideOf(changed, "key") };
    const tops = await leadingFrames(now, [R, C, H, D], k);
    const projection = new Float32Array(INTERVENTIONS.length * R * 3 * H * C * C);
    for (let r = 0; r < R; r++) {
      for (let h = 0; h < H; h++) {
        const top = tops[r * H + h];
        const place = `layer ${layer} head ${h}`;
        const random = {
          query: await randomFrame(seeds[r], `${place} query frame`, C, k),
          key: await randomFrame(seeds[r], `${place} key frame`, C, k),
        };
        for (const [index, side] of (["query", "key"] as const).entries()) {
          const hold = (intervention: Intervention, frame: Float64Array) => {
            const replica = INTERVENTIONS.indexOf(intervention) * R + r;
            projection.set(projectionOn(frame, C, k), ((replica * 3 + index) * H + h) * C * C);
          };
          hold("freeze top", top[side]);
          hold("freeze random", random[side]);
          const matrix = headOf(now[side], r, h, [C, H, D]);
          const moved = turned(matrix, top[side], random[side], [C, D, k]);
          const size = norm(moved.map((value, i) => value - matrix[i]));
          const noise = normals({ seed: seeds[r], key: `${place} ${side} change`, step: 0 }, C * D);
          const scale = size / norm(noise);
          const at = (intervention: Intervention) => INTERVENTIONS.indexOf(intervention) * R + r;
          writeHead(target[side], at("re-randomise top"), h, moved, [C, H, D]);
          writeHead(target[side], at("random change"), h, matrix.map((value, i) => value + scale * noise[i]), [
            C,
            H,
            D,
          ]);
        }
      }
    }
    projections.push(projection);
  }
  return { tensors: changed, projections };
}

/**
 * An optimiser after whose updates what the projections read is put back: `W ← W − P (W − W₀)` for W_Q and W_K of every
 * head, W₀ the weights when the optimiser's state is made.
 *
 * @param optimizer Updates everything.
 * @param parameters What it updates, as it is to be held.
 * @param sizes Sizes of the decoder.
 * @param projections For each layer (R, 3 H, C, C).
 * @param held W_Q, W_K and W_V together of each layer, (R, C, 3 C), as they are to be held.
 * @returns The optimiser.
 */
export function holding(
  optimizer: Optimizer,
  parameters: ParameterSet,
  { heads: H, width: C }: Decoder,
  projections: readonly Float32Array[],
  held: readonly Float32Array[],
): Optimizer {
  const R = parameters.replicas;
  const [N, D] = [3 * H, C / H];
  return {
    init: (flat) => optimizer.init(flat),
    update(step) {
      const norm = optimizer.update(step);
      projections.forEach((projection, layer) => {
        const weight = parameters.weights[`blocks.${layer}.attention.qkv`];
        const P = own(Tensor.from(projection, [R * N, C, C], "projection"));
        const start = own(Tensor.from(held[layer], weight.shape, "held"));
        const moved = permute(subtract(weight, start).reshape([R, C, N, D]), [0, 2, 1, 3]).reshape([R * N, C, D]);
        const back = permute(matmul(P, moved).reshape([R, N, C, D]), [0, 2, 1, 3]).reshape(weight.shape);
        const kept = subtract(weight, back);
        copy({ x: kept.reshape([kept.size]), y: weight.reshape([weight.size]) });
      });
      return norm;
    },
  };
}

/** Leading left and right singular vectors of every head's QK, (R H) frames. */
async function leadingFrames(
  { query, key }: Sides,
  [R, C, H, D]: readonly [number, number, number, number],
  k: number,
): Promise<Frames[]> {
  const circuits = new Float32Array(R * H * C * C);
  for (let r = 0; r < R; r++) {
    for (let h = 0; h < H; h++) {
      const [q, w] = [headOf(query, r, h, [C, H, D]), headOf(key, r, h, [C, H, D])];
      for (let i = 0; i < C; i++) {
        for (let j = 0; j < C; j++) {
          let dot = 0;
          for (let d = 0; d < D; d++) dot += q[i * D + d] * w[j * D + d];
          circuits[((r * H + h) * C + i) * C + j] = dot;
        }
      }
    }
  }
  using matrices = Tensor.from(circuits, [R * H, C, C], "QK");
  const { u, s, v } = svd(matrices);
  const [left, right] = [await u.read(), await v.read()];
  for (const tensor of [u, s, v]) tensor.destroy();
  const frame = (vectors: Float32Array, head: number) =>
    Float64Array.from({ length: C * k }, (_, e) => vectors[(head * C + Math.floor(e / k)) * C + e % k]);
  return Array.from({ length: R * H }, (_, head) => ({ query: frame(left, head), key: frame(right, head) }));
}

async function randomFrame(seed: number, key: string, C: number, k: number): Promise<Float64Array> {
  using gaussian = Tensor.from(normals({ seed, key, step: 0 }, C * k), [C, k], "frame");
  const { q, r } = qr(gaussian);
  const frame = Float64Array.from(await q.read());
  for (const tensor of [q, r]) tensor.destroy();
  return frame;
}
