/** Linear readouts of every layer of a traced model, and maps that erase what they read. */
import { add, multiply, subtract } from "../../kernels/elementwise/binary.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { type FitTargets, linearFits } from "../metrics/linear_fits.ts";
import { linear } from "../models/layers.ts";
import { randomSubspace } from "../random/laws.ts";
import { erasure } from "./erasure.ts";

/** Streams of some layers on the host. */
export interface LayerStreams {
  /** Residual stream of each layer (R, B, T, C), row-major, as `trace` gives it. */
  readonly layers: readonly ArrayLike<number>[];
  /** R, B, T, C. */
  readonly shape: readonly [number, number, number, number];
}

/** Targets of readouts, positions, and controls. */
export interface ReadoutOptions<Name extends string> {
  /** Positions P of the stream that are read, all by one map. */
  readonly positions: readonly number[];
  /** Prompts that maps are fitted to, from the first; the others judge them. */
  readonly train: number;
  /** Targets at these positions, (R, B, P, K) each. */
  readonly targets: Readonly<Record<Name, FitTargets>>;
  /** Targets to make erasures of; all by default. */
  readonly erase?: readonly Name[];
  /** Sizes K of random subspaces to make erasures of, as controls; none by default. */
  readonly random?: readonly number[];
  /** Seed of each replica (R), for random subspaces. */
  readonly seeds: readonly number[];
}

/** Affine maps `x ← x E + b` of every replica. */
export interface ReplicaErasures {
  /** E (R, C, C). */
  readonly map: Float32Array;
  /** b (R, C). */
  readonly offset: Float32Array;
}

/** Readouts of one layer. */
export interface LayerReadout<Name extends string> {
  /** Held-out R² of each target, of each replica (R). */
  readonly r2: Readonly<Record<Name, number[]>>;
  /** Maps that take a target out of the stream, by name. */
  readonly erasures: Partial<Record<Name, ReplicaErasures>>;
  /** Maps that take as many random directions out of it, by their number. */
  readonly random: Readonly<Record<number, ReplicaErasures>>;
}

/**
 * Fits linear readouts of targets to every layer (`linearFits`), and makes the maps that erase what they read (`erasure`), with
 * random subspaces of the same size as controls. Readouts and covariances are those of the prompts that are fitted to.
 *
 * @param streams Streams.
 * @param options Positions, targets, controls.
 * @returns Readouts of each layer.
 * @throws {RangeError} If sizes do not fit.
 *
 * @example A stream whose second layer alone holds the target.
 * ```ts
 * import { layerReadouts } from "./layer_readouts.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const target = { values: [2, 4, 6, 8, 10], K: 1 };
 * const [first, second] = layerReadouts(
 *   { layers: [[1, -1, 0, 1, -1], [1, 2, 3, 4, 5]], shape: [1, 5, 1, 1] },
 *   { positions: [0], train: 3, targets: { target }, seeds: [1] },
 * );
 * assertAlmostEquals(second.r2.target[0], 1);
 * if (first.r2.target[0] > 0) throw new Error("expected nothing to be read from the first layer");
 * ```
 */
export function layerReadouts<Name extends string>(
  { layers, shape: [R, B, T, C] }: LayerStreams,
  { positions, train, targets, erase, random = [], seeds }: ReadoutOptions<Name>,
): LayerReadout<Name>[] {
  const P = positions.length, S = B * P, fitted = train * P;
  const names = Object.keys(targets) as Name[];
  const wrong = positions.find((position) => !(Number.isInteger(position) && position >= 0 && position < T));
  if (wrong !== undefined) throw new RangeError(`layerReadouts: expected positions below ${T}, found ${wrong}`);
  for (const name of names) {
    const { values, K } = targets[name];
    if (values.length === R * S * K) continue;
    throw new RangeError(`layerReadouts: expected ${R * S * K} numbers of target "${name}", found ${values.length}`);
  }
  const part = (values: ArrayLike<number>, r: number, size: number) =>
    Float64Array.from({ length: size }, (_, index) => values[r * size + index]);
  return layers.map((stream, layer) => {
    const r2 = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
    const empty = (): ReplicaErasures => ({ map: new Float32Array(R * C * C), offset: new Float32Array(R * C) });
    const erasures = Object.fromEntries((erase ?? names).map((name) => [name, empty()])) as Record<
      Name,
      ReplicaErasures
    >;
    const controls = Object.fromEntries(random.map((K) => [K, empty()])) as Record<number, ReplicaErasures>;
    for (let r = 0; r < R; r++) {
      const features = new Float64Array(S * C);
      for (let s = 0; s < S; s++) {
        const from = ((r * B + Math.floor(s / P)) * T + positions[s % P]) * C;
        for (let c = 0; c < C; c++) features[s * C + c] = stream[from + c];
      }
      const ofReplica = Object.fromEntries(names.map((name): [Name, FitTargets] => {
        const { values, K } = targets[name];
        return [name, { values: part(values, r, S * K), K }];
      })) as Partial<Record<Name, FitTargets>> as Record<Name, FitTargets>;
      const fits = linearFits(features, ofReplica, { S, F: C }, { train: fitted });
      const covered = features.subarray(0, fitted * C);
      const write = (into: ReplicaErasures, readout: Float64Array, K: number) => {
        const { map, offset } = erasure(covered, readout, { S: fitted, F: C, K });
        into.map.set(map, r * C * C);
        into.offset.set(offset, r * C);
      };
      for (const name of names) r2[name].push(fits[name].r2);
      for (const name of erase ?? names) write(erasures[name], fits[name].map, targets[name].K);
      for (const K of random) {
        write(controls[K], randomSubspace({ seed: seeds[r], key: `random directions ${K}`, item: layer }, C, K), K);
      }
    }
    return { r2, erasures, random: controls };
  });
}

/**
 * Applies an erasure to some positions of a stream; call it while recording.
 *
 * @param stream Stream (R, B, T, C).
 * @param erasures Maps of every replica.
 * @param positions Positions to change; the others stay as they are.
 * @returns Stream (R, B, T, C).
 */
export function erasedAt(stream: Tensor, { map, offset }: ReplicaErasures, positions: readonly number[]): Tensor {
  const [R, , T, C] = stream.shape;
  const E = own(Tensor.from(map, [R, C, C], "erasure"));
  const b = own(Tensor.from(offset, [R, C], "offset of the erasure"));
  const marks = Array.from({ length: T }, (_, position) => Number(positions.includes(position)));
  const mask = own(Tensor.from(marks, [1, 1, T, 1], "erased positions"));
  return add(stream, multiply(subtract(linear(stream, E, b), stream), mask));
}
