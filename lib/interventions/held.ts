/** An optimiser that leaves parts of weights as they are. */
import { permute } from "../../kernels/arrange/strided.ts";
import { subtract } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { copy } from "../../kernels/shared/copy.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { Scratch } from "../linalg/scratch.ts";
import type { NamedArray, ParameterBlock, ParameterSet } from "../models/parameters.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { HeadSide } from "./heads.ts";

/** Part of a weight that is held fixed. */
export interface Hold {
  /** Name of the weight, as checkpoints have it, such as `blocks.0.attention.query`. */
  readonly weight: string;
  /** Whether the heads of the weight (R, C, H E) read, or those of (R, H E, C) write; a weight without heads has one. */
  readonly side: HeadSide;
  /** A symmetric projection of each replica and head (R, H, C, C); zero where nothing is held. */
  readonly projections: Float32Array;
}

/** A block of the parameters with the projections of all its parts. */
interface HeldBlock {
  readonly name: string;
  readonly side: HeadSide;
  /** (R, N, C, C), of N heads of all parts. */
  readonly projections: Float32Array;
  readonly start: Float32Array;
  readonly shape: readonly number[];
  readonly heads: number;
}

/**
 * An optimiser after whose updates what heads read from subspaces, or write into them, is put back:
 * `W ← W − P (W − W₀)`, or `W ← W − (W − W₀) P` for heads that write.
 *
 * With P the projection onto a subspace, what lies in it stays at W₀ up to rounding and all else trains. The optimiser's own
 * state, such as the moments of AdamW, goes on as if nothing were held. `frozen` holds whole parameters, with all their bits.
 *
 * @param optimizer Any optimiser.
 * @param parameters What it updates.
 * @param start W₀: parameters (R, …) under the names of checkpoints, such as the tensors of a training state.
 * @param holds Weights and their projections.
 * @returns The optimiser; its state is that of the one it wraps.
 * @throws {ShapeError} If there is no such weight, or projections do not fit it.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { sum } from "../../kernels/reduce/reduce.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { sgd } from "../optim/sgd.ts";
 * import { Training } from "../train/training.ts";
 * import { held } from "./held.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * // A weight that reads two channels; the first one is held.
 * const specs = { w: { shape: [2, 1], init: { law: "constant", value: 3 } } } as const;
 * using parameters = ParameterSet.create(specs, [1]);
 * const projections = Float32Array.of(1, 0, 0, 0);
 * const start = await parameters.read();
 * const optimizer = held(sgd({ lr: 1 }), parameters, start, [{ weight: "w", side: "read", projections }]);
 * using training = await Training.create({ parameters, optimizer, loss: ({ w }) => sum(w, [1, 2]) });
 * for await (const _ of training.run({ reports: [2] }));
 * assertEquals([...(await parameters.read())[0].data], [3, 1]);
 * ```
 */
export function held(
  optimizer: Optimizer,
  parameters: ParameterSet,
  start: readonly NamedArray[],
  holds: readonly Hold[],
): Optimizer {
  const blocks = blocksOf(parameters, start, holds);
  return {
    init: (flat) => optimizer.init(flat),
    update(step) {
      const norm = optimizer.update(step);
      for (const block of blocks) putBack(parameters, block);
      return norm;
    },
  };
}

function putBack(parameters: ParameterSet, { name, side, projections, start, shape, heads: N }: HeldBlock): void {
  using scratch = new Scratch();
  const keep = (tensor: Tensor) => scratch.keep(tensor);
  const weight = parameters.weights[name];
  const [R, rows, columns] = shape;
  const C = side === "read" ? rows : columns;
  const P = keep(own(Tensor.from(projections, [R * N, C, C], "projections")));
  const moved = keep(subtract(weight, keep(own(Tensor.from(start, shape, "held")))));
  const back = side === "read" ? readBack(P, moved, N, keep) : keep(matmul(moved.reshape([R * N, rows / N, C]), P));
  const kept = keep(subtract(weight, back.reshape(shape)));
  copy({ x: kept.reshape([kept.size]), y: weight.reshape([weight.size]) });
}

/** P applied to the columns of each of N heads of (R, C, N E). */
function readBack(P: Tensor, moved: Tensor, N: number, keep: (tensor: Tensor) => Tensor): Tensor {
  const [R, C, columns] = moved.shape;
  const E = columns / N;
  const perHead = keep(permute(moved.reshape([R, C, N, E]), [0, 2, 1, 3])).reshape([R * N, C, E]);
  return keep(permute(keep(matmul(P, perHead)).reshape([R, N, C, E]), [0, 2, 1, 3]));
}

/** Joins what is held of the parts of each block, such as queries and keys, which one product then puts back. */
function blocksOf(parameters: ParameterSet, start: readonly NamedArray[], holds: readonly Hold[]): HeldBlock[] {
  const R = parameters.replicas;
  const flat = parameters.pack(start.filter(({ name }) => parameters.shapes.some((own) => own.name === name)));
  const known = new Set<string>();
  const found = parameters.blocks.flatMap((block): HeldBlock[] => {
    const parts = partsOf(block).map((name) => ({ name, hold: holds.find(({ weight }) => weight === name) }));
    const first = parts.find(({ hold }) => hold)?.hold;
    if (first === undefined) return [];
    const { name, spec, start: at, perReplica } = block;
    const { side } = first;
    const [rows, columns] = spec.shape;
    const C = side === "read" ? rows : columns;
    const each = first.projections.length / R / C / C;
    const inner = (side === "read" ? columns : rows) / parts.length;
    for (const { name, hold } of parts) {
      if (!hold) continue;
      known.add(name);
      const alike = hold.side === side && hold.projections.length === first.projections.length;
      const whole = Number.isInteger(each) && Number.isInteger(inner / each);
      if (spec.shape.length === 2 && alike && whole && (side === "read" || parts.length === 1)) continue;
      const expected = `projections (${R}, H, ${C}, ${C}) of heads that ${side}`;
      throw new ShapeError(`held: expected ${expected} for "${name}", found ${hold.projections.length} numbers`);
    }
    const projections = new Float32Array(R * parts.length * each * C * C);
    parts.forEach(({ hold }, index) => {
      for (let r = 0; hold && r < R; r++) {
        const own = hold.projections.subarray(r * each * C * C, (r + 1) * each * C * C);
        projections.set(own, (r * parts.length + index) * each * C * C);
      }
    });
    const values = flat.slice(at, at + perReplica * R);
    return [{ name, side, projections, start: values, shape: [R, ...spec.shape], heads: parts.length * each }];
  });
  const unknown = holds.find(({ weight }) => !known.has(weight));
  if (unknown === undefined) return found;
  const names = parameters.shapes.map(({ name }) => name).join(", ");
  throw new ShapeError(`held: expected the name of a weight, found "${unknown.weight}"; there are ${names}`);
}

function partsOf({ name, spec }: ParameterBlock): string[] {
  const prefix = name.slice(0, name.lastIndexOf(".") + 1);
  return spec.parts ? Object.keys(spec.parts).map((part) => prefix + part) : [name];
}
