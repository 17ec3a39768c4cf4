/** Parameters of an ensemble: named, in one flat buffer. */
import { closestString } from "@std/text/closest-string";
import { copy } from "../../kernels/shared/copy.ts";
import { gradients } from "../autodiff/gradients.ts";
import { ShapeError } from "../gpu/errors.ts";
import { placeInto } from "../gpu/place.ts";
import { own } from "../gpu/program.ts";
import { Tensor, VIEW_ALIGNMENT } from "../gpu/tensor.ts";
import { initialValues } from "./initializers.ts";
import {
  type BlockLayout,
  chunkTable,
  layOut,
  packBlocks,
  type ParameterBlock,
  unpackBlocks,
} from "./parameter_blocks.ts";
import type { NamedArray, ParameterSpecs } from "./parameter_spec.ts";

export type { ParameterBlock } from "./parameter_blocks.ts";
export type { NamedArray, ParameterSpec, ParameterSpecs } from "./parameter_spec.ts";

/** Tensors (R, …) by name, as `apply` of a model takes them. */
export type Weights = Readonly<Record<string, Tensor>>;

/**
 * Parameters of R replicas in one flat buffer, so that an optimiser is one dispatch.
 *
 * Each parameter is a block (R, …) that starts at a multiple of 64 elements; elements between blocks are zero and belong
 * to no parameter. A table says for each 64 elements to which block they belong.
 *
 * A model is a function of named weights, and what it does with a name is free:
 *
 * - Freezing: `frozen(optimizer, names)` leaves the named parameters their bits.
 * - Tying: a model function that takes one weight in two places ties them; its gradient is the sum over both.
 * - Pasting: {@linkcode ParameterSet.read} gives arrays by name, of which some may come from another run, and
 *   {@linkcode ParameterSet.load} writes them back. Arrays are (R, …), so replicas can be chosen, too.
 *   Other parameters than those of the model are refused, and so are missing ones and other shapes.
 * - Decay: `weightDecay` of an optimiser acts on parameters of two axes or more (matrices, embeddings) and not on vectors
 *   (biases, gains), unless a specification says `decay`; never on what is frozen. `{ ...spec, decay: false }` in a
 *   model's `parameters` takes one out.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const specs = {
 *   weight: { shape: [3, 4], init: { law: "normal", deviation: 0.5 } },
 *   bias: { shape: [4], init: { law: "constant", value: 0 } },
 * } as const;
 * using parameters = ParameterSet.create(specs, [1, 2]);
 * assertEquals(parameters.weights.weight.shape, [2, 3, 4]);
 * assertEquals(parameters.count, 16);
 *
 * // Paste the bias of another run.
 * const other = [{ name: "bias", shape: [2, 4], data: new Float32Array(8).fill(3) }];
 * const own = await parameters.read();
 * parameters.load(own.map((array) => other.find(({ name }) => name === array.name) ?? array));
 * assertEquals((await parameters.weights.bias.read())[7], 3);
 * ```
 */
export class ParameterSet implements Disposable {
  /** All elements (P), padding included. */
  readonly flat: Tensor;
  /**
   * For every 64 elements (P/64, 4): first element of the block, its elements per replica, its elements, and 1 if it
   * decays plus twice the parameter's number.
   */
  readonly chunks: Tensor<"u32">;
  /** Parameters (R, …) by name: views of {@linkcode ParameterSet.flat}. */
  readonly weights: Weights;
  /** Seed of each replica. */
  readonly seeds: readonly number[];
  /** Parameters in order, each with its place. */
  readonly blocks: readonly ParameterBlock[];

  readonly #layout: BlockLayout;

  private constructor(specs: ParameterSpecs, seeds: readonly number[]) {
    if (seeds.length === 0) throw new RangeError("parameters: expected at least one replica, found none");
    this.seeds = seeds;
    this.#layout = layOut(specs, seeds.length);
    const { blocks, length } = this.#layout;
    this.blocks = blocks;
    this.flat = new Tensor([length], "f32", "parameters");
    this.chunks = Tensor.from(chunkTable(this.#layout), [length / VIEW_ALIGNMENT, 4], "chunks");
    this.weights = this.viewsOf(this.flat);
  }

  /**
   * Allocates and initialises parameters. Replica r has the values that its seed alone would give it.
   *
   * @param specs Parameters of one replica.
   * @param seeds One seed per replica.
   * @returns The parameters.
   * @throws {ShapeError} If there is no parameter, one has no elements, or its parts do not fill its last axis.
   * @throws {RangeError} If there is no replica, or a seed or the number of a law is not allowed.
   */
  static create(specs: ParameterSpecs, seeds: readonly number[]): ParameterSet {
    const set = new ParameterSet(specs, seeds);
    try {
      for (const { name, spec, start, perReplica } of set.blocks) {
        const all = new Float32Array(set.replicas * perReplica);
        seeds.forEach((seed, r) => all.set(initialValues(name, spec, seed), r * perReplica));
        set.flat.write(all, start);
      }
      return set;
    } catch (error) {
      set.destroy();
      throw error;
    }
  }

  /** Number of replicas R. */
  get replicas(): number {
    return this.seeds.length;
  }

  /** Number of parameters of one replica. */
  get count(): number {
    return this.blocks.reduce((sum, { perReplica }) => sum + perReplica, 0);
  }

  /** Names and shapes (R, …) of the parameters, as checkpoints have them: joined ones in their parts. */
  get shapes(): readonly Pick<NamedArray, "name" | "shape">[] {
    return unpackBlocks(this.#layout, null).map(({ name, shape }) => ({ name, shape }));
  }

  /**
   * Takes another flat tensor apart by parameters: a gradient, a moment, a direction.
   *
   * @param flat Tensor of the size of {@linkcode ParameterSet.flat}.
   * @returns Views (R, …) by name; to read another name throws a {@linkcode RangeError} with the nearest one.
   * @throws {ShapeError} If it has another size.
   */
  viewsOf(flat: Tensor): Weights {
    this.#expectLayout(flat);
    return refusingOthers(Object.fromEntries(
      this.blocks.map(({ name, spec, start }) => [name, flat.view(start, [this.replicas, ...spec.shape], name)]),
    ));
  }

  /**
   * Appends the kernels that compute the gradient of a loss in all parameters; call it while recording.
   *
   * @param loss One loss per replica (R), computed from {@linkcode ParameterSet.weights} in this recording.
   * @returns Gradient (P), flat as the parameters; zero in the padding.
   */
  gradient(loss: Tensor): Tensor {
    const flat = own(new Tensor(this.flat.shape, "f32", "gradient"));
    const targets = Object.values(this.viewsOf(flat));
    const found = gradients(loss, Object.values(this.weights));
    found.forEach((gradient, index) => {
      const target = targets[index];
      // One tensor may be the gradient of two parameters, but lies in one place: then both get copies.
      const alone = found.every(({ memory }, other) => other === index || memory !== gradient.memory);
      if (alone && placeInto(gradient, target)) return;
      copy({ x: gradient.reshape([gradient.size]), y: target.reshape([target.size]) });
    });
    return flat;
  }

  /**
   * Copies a flat tensor to the host, parameter by parameter, under the names of checkpoints.
   *
   * @param flat Parameters, by default; or another tensor of their layout.
   * @returns Arrays (R, …) in order.
   * @throws {ShapeError} If the tensor has another size.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async read(flat: Tensor = this.flat): Promise<NamedArray[]> {
    this.#expectLayout(flat);
    return unpackBlocks(this.#layout, await flat.read());
  }

  /**
   * Joins arrays of the host into one flat array: the inverse of {@linkcode ParameterSet.read}.
   *
   * @param arrays Every parameter once, (R, …), under the names of checkpoints.
   * @returns Elements (P) for {@linkcode ParameterSet.flat} or another tensor of its layout.
   * @throws {ShapeError} If a parameter is missing, unknown or of another shape.
   */
  pack(arrays: readonly NamedArray[]): Float32Array {
    return packBlocks(this.#layout, arrays);
  }

  /**
   * Writes arrays of the host, such as `readParameters` takes from a file, into the parameters.
   *
   * @param arrays Every parameter once, (R, …), under the names of checkpoints.
   * @throws {ShapeError} If a parameter is missing, unknown or of another shape; nothing is written then.
   */
  load(arrays: readonly NamedArray[]): void {
    this.flat.write(this.pack(arrays));
  }

  #expectLayout(flat: Tensor): void {
    if (flat.size === this.flat.size) return;
    const found = `shape (${flat.shape.join(", ")})`;
    throw new ShapeError(`parameters: expected a flat tensor of ${this.flat.size} elements, found ${found}`);
  }

  /** Frees the GPU memory. */
  destroy(): void {
    this.flat.destroy();
    this.chunks.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Weights that name themselves where a model asks for one that is not among them. */
function refusingOthers(weights: Weights): Weights {
  return new Proxy(weights, {
    get(target, name, receiver) {
      // A promise's `then` and JSON's `toJSON` are asked of any object.
      if (typeof name === "string" && !(name in target) && name !== "then" && name !== "toJSON") {
        const names = Object.keys(target);
        throw new RangeError(
          `weights: expected one of ${names.join(", ")}, found ${name}; did you mean ${closestString(name, names)}?`,
        );
      }
      return Reflect.get(target, name, receiver);
    },
  });
}
