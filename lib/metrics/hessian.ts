/** Hessians of losses, as products with vectors. */
import { copy } from "../../kernels/shared/copy.ts";
import { twiceDifferentiable } from "../autodiff/differentiable.ts";
import { hessianVectorProduct } from "../autodiff/gradients.ts";
import { type Program, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { ParameterSet } from "../models/parameters.ts";
import type { Products } from "./lanczos.ts";

/**
 * The Hessian of a loss in all parameters, as products with vectors on the GPU: recorded once, replayed for each vector.
 *
 * Elements of a vector follow the order of the parameters, each row-major.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { sum } from "../../kernels/reduce/reduce.ts";
 * import { square } from "../../kernels/elementwise/unary.ts";
 * import { Hessian } from "./hessian.ts";
 * import { hessianTrace } from "./lanczos.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using parameters = ParameterSet.create({ w: { shape: [3], init: { law: "constant", value: 1 } } }, [1]);
 * using hessian = await Hessian.of(parameters, () => sum(square(square(parameters.weights.w)), [1]));
 * const [{ trace }] = await hessianTrace(hessian.products, hessian, { samples: 2 });
 * assertAlmostEquals(trace, 3 * 12, 1e-4);
 * ```
 */
export class Hessian implements Disposable {
  /** Number of replicas R. */
  readonly replicas: number;
  /** Number of parameters n of one replica. */
  readonly size: number;
  readonly #parameters: ParameterSet;
  readonly #direction: Tensor;
  readonly #product: Tensor;
  readonly #program: Program;

  private constructor(parameters: ParameterSet, direction: Tensor, product: Tensor, program: Program) {
    this.#parameters = parameters;
    this.replicas = parameters.replicas;
    this.size = parameters.count;
    this.#direction = direction;
    this.#product = product;
    this.#program = program;
  }

  /**
   * Records the product.
   *
   * @param parameters Where the Hessian is taken: their values at the time of each product.
   * @param loss Computes one loss a replica (R) from `parameters.weights`; called while recording.
   * @returns The Hessian, which owns its memory but not the parameters.
   */
  static async of(parameters: ParameterSet, loss: () => Tensor): Promise<Hessian> {
    const direction = new Tensor(parameters.flat.shape, "f32", "direction");
    const product = new Tensor(parameters.flat.shape, "f32", "product");
    const program = await record("hessian", () => {
      const vectors = Object.values(parameters.viewsOf(direction));
      const targets = Object.values(parameters.viewsOf(product));
      const found = hessianVectorProduct(twiceDifferentiable(loss), Object.values(parameters.weights), vectors);
      found.forEach((x, index) => copy({ x: x.reshape([x.size]), y: targets[index].reshape([x.size]) }));
    });
    return new Hessian(parameters, direction, product, program);
  }

  /** Products of the Hessians with one vector (n) a replica, in single precision. */
  readonly products: Products = async (vectors) => {
    const flat = new Float32Array(this.#direction.size);
    this.#each((from, to, length, r) => flat.set(vectors[r].subarray(from, from + length), to));
    this.#direction.write(flat);
    this.#program.replay();
    const all = await this.#product.read();
    const out = vectors.map(() => new Float64Array(this.size));
    this.#each((to, from, length, r) => out[r].set(all.subarray(from, from + length), to));
    return out;
  };

  /** Calls with the place of every parameter in a vector, its place in flat tensors, its length, and the replica. */
  #each(visit: (own: number, flat: number, length: number, replica: number) => void): void {
    let own = 0;
    for (const { start, perReplica } of this.#parameters.blocks) {
      for (let r = 0; r < this.replicas; r++) visit(own, start + r * perReplica, perReplica, r);
      own += perReplica;
    }
  }

  /** Frees the GPU memory. */
  [Symbol.dispose](): void {
    for (const resource of [this.#program, this.#direction, this.#product]) resource.destroy();
  }
}
