/** Chains of Langevin dynamics around trained parameters, and what is read of them. */
import { add, multiply, subtract } from "../../kernels/elementwise/binary.ts";
import { globalNorm } from "../../kernels/optim/global_norm.ts";
import { advance } from "../../kernels/shared/advance.ts";
import { append } from "../../kernels/shared/append.ts";
import { copy } from "../../kernels/shared/copy.ts";
import { record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { currentTrace } from "../gpu/trace.ts";
import type { ParameterSet } from "../models/parameters.ts";
import type { PerReplica } from "../optim/schedule.ts";
import { sgld } from "../optim/sgld.ts";
import { type ParameterChoice, parameterMask } from "./parameter_mask.ts";

/** Batches of which the noise of gradients is measured. */
const NOISE_BATCHES = 16;

/** Dynamics of R chains. */
export interface ChainDynamics {
  /** Stands in error messages. */
  readonly label: string;
  /** Chains as replicas, all at their w*; updated in place. */
  readonly parameters: ParameterSet;
  /** Computes the mean loss of each chain (R), on a batch that the clock (3) may draw. */
  readonly loss: (clock: Tensor<"u32">) => Tensor;
  /** nβ. */
  readonly nBeta: number;
  /** Step size η. */
  readonly lr: PerReplica;
  /** Strength γ of the pull towards w*. */
  readonly localisation: PerReplica;
  /** Steps at first that do not count. */
  readonly burnIn: number;
  /** Steps that count. */
  readonly draws: number;
  /** Name of the random draws. */
  readonly key: string;
  /** Parameters that alone move; all if undefined. */
  readonly only?: readonly ParameterChoice[];
  /** Steps that a Metropolis rule is asked about, at most `draws`. */
  readonly looks?: number;
}

/** Losses and noise along chains. */
export interface SampledChains {
  /** `ℓ(w) − ℓ(w*)` of each chain at every step, both on the step's batch (R of burnIn + draws). */
  readonly excess: readonly Float64Array[];
  /** `ℓ(w*)` of each chain on its batches (R), one for a loss that draws none. */
  readonly centre: readonly Float64Array[];
  /** Whether the loss draws its batch by the clock. */
  readonly drawing: boolean;
  /** Trace of the covariance of the batches' gradients at w* (R); 0 for a loss that draws none. */
  readonly gradientNoise: readonly number[];
  /** Probability that a Metropolis rule accepts a step (R); empty without looks. */
  readonly acceptance: readonly number[];
}

/**
 * Runs chains by Langevin dynamics, `sgld`, and follows their losses.
 *
 * A loss that draws its batch is taken at w* first, on all the batches that the chain will meet, so that each difference
 * is of one batch and the noise that both losses have in common falls out of it.
 *
 * @param dynamics Chains, loss, and dynamics.
 * @returns Losses and noise.
 * @throws {RangeError} If burn-in or draws are no whole numbers, nβ is not positive, or `only` names what is not there.
 */
export async function sampleChains(dynamics: ChainDynamics): Promise<SampledChains> {
  const { label, nBeta, burnIn, draws } = dynamics;
  if (!Number.isInteger(burnIn) || burnIn < 0 || !Number.isInteger(draws) || draws < 1) {
    throw new RangeError(`${label}: expected burnIn ≥ 0 and draws ≥ 1, found ${burnIn} and ${draws}`);
  }
  if (!(nBeta > 0)) throw new RangeError(`${label}: expected nBeta > 0, found ${nBeta}`);
  using chains = new Chains(dynamics);
  const { centre, drawing } = await chains.still();
  const gradientNoise = drawing ? await chains.gradientNoise() : centre.map(() => 0);
  const { losses, acceptance } = await chains.walk(dynamics.looks ?? 0);
  const excess = losses.map((own, r) => own.map((one, step) => one - centre[r][drawing ? step : 0]));
  return { excess, centre, drawing, gradientNoise, acceptance };
}

/** Losses of all chains (rows, R), written row by row. */
interface Ring {
  readonly rows: Tensor;
  readonly cursor: Tensor<"u32">;
}

/** Chains at their w*, with what their dynamics need on the GPU. */
class Chains implements Disposable {
  readonly #dynamics: ChainDynamics;
  readonly #owned: { destroy(): void }[] = [];
  readonly #clock: Tensor<"u32">;
  readonly #optimizer: ReturnType<typeof sgld>;
  readonly #state: ReturnType<ReturnType<typeof sgld>["init"]>;
  /** 1 where elements move, and where they do not (P). */
  readonly #mask: { readonly moved: Tensor; readonly held: Tensor } | null = null;

  constructor(dynamics: ChainDynamics) {
    this.#dynamics = dynamics;
    const { parameters, only, label, burnIn, draws } = dynamics;
    const marks = only && parameterMask(label, parameters, only).values;
    this.#optimizer = sgld(dynamics);
    this.#state = this.#optimizer.init(parameters);
    Object.values(this.#state).forEach((tensor) => this.#own(tensor));
    this.#clock = this.#own(Tensor.from(Uint32Array.of(0, burnIn + draws, 1)));
    if (!marks) return;
    const held = marks.map((one) => 1 - one);
    this.#mask = { moved: this.#own(Tensor.from(marks)), held: this.#own(Tensor.from(held)) };
  }

  /** Losses at w*, on every batch that the chains will meet. */
  async still() {
    const { loss, burnIn, draws } = this.#dynamics;
    const steps = burnIn + draws;
    const ring = this.#ring(steps);
    let drawing = false;
    using program = await record("loss at the centre", () => {
      const losses = loss(this.#clock);
      const launches = currentTrace()!.launches;
      drawing = launches.some(({ tensors }) => tensors.some(({ tensor }) => tensor.memory === this.#clock.memory));
      this.#next(losses, ring);
    });
    program.replay(drawing ? steps : 1);
    this.#rewind();
    return { drawing, centre: await this.#read(ring, drawing ? steps : 1) };
  }

  /** Traces of the covariance of gradients at w*: half the mean square of the difference of two batches. */
  async gradientNoise(): Promise<number[]> {
    const { parameters, loss } = this.#dynamics;
    const before = this.#own(Tensor.from(new Float32Array(parameters.flat.size), undefined, "gradient before"));
    const ring = this.#ring(NOISE_BATCHES + 1);
    using program = await record("gradient noise", () => {
      const gradient = this.#gradient(loss(this.#clock));
      this.#next(globalNorm(subtract(gradient, before), parameters), ring);
      copy({ x: gradient, y: before });
    });
    program.replay(NOISE_BATCHES + 1);
    this.#rewind();
    const norms = await this.#read(ring, NOISE_BATCHES + 1);
    // The first batch has none before it.
    return norms.map((own) => own.subarray(1).reduce((sum, norm) => sum + norm ** 2, 0) / NOISE_BATCHES / 2);
  }

  /** Runs the chains; asks a Metropolis rule about some of the steps that count. */
  async walk(looks: number) {
    const { parameters, loss, burnIn, draws } = this.#dynamics;
    const ring = this.#ring(burnIn + draws);
    using program = await record("sgld", () => {
      const losses = loss(this.#clock);
      this.#move(this.#gradient(losses));
      this.#next(losses, ring);
    });
    if (looks === 0) {
      program.replay(burnIn + draws);
      return { losses: await this.#read(ring, burnIn + draws), acceptance: [] };
    }
    using asked = await record("sgld, asked", () => {
      const losses = loss(this.#clock);
      const [before, gradient] = [copied(parameters.flat), copied(this.#gradient(losses))];
      this.#move(gradient);
      const lossesAfter = loss(this.#clock);
      const [after, gradientAfter] = [copied(parameters.flat), copied(this.#gradient(lossesAfter))];
      const move = { before, gradient, after, gradientAfter, losses: copied(losses), lossesAfter: copied(lossesAfter) };
      this.#next(losses, ring);
      return move;
    });
    const acceptance = new Float64Array(parameters.replicas);
    const centre = await this.#state.centre.read();
    program.replay(burnIn);
    for (let look = 0; look < looks; look++) {
      program.replay(Math.round((look + 1) * draws / looks) - Math.round(look * draws / looks) - 1);
      asked.replay();
      const { before, gradient, after, gradientAfter, losses, lossesAfter } = asked.outputs;
      const read = await Promise.all(
        [before, gradient, after, gradientAfter, losses, lossesAfter].map((tensor) => tensor.read()),
      );
      this.#acceptances(centre, read).forEach((one, r) => acceptance[r] += one / looks);
    }
    return { losses: await this.#read(ring, burnIn + draws), acceptance: [...acceptance] };
  }

  /**
   * Probability `min(1, e^a)` with which a Metropolis rule accepts each chain's step from w to w', both on one batch
   * (Roberts & Tweedie 1996): for the potential U = nβ ℓ + γ |w − w*|²/2 and its gradients G and G',
   * `a = U − U' + (G + G')·(w' − w)/2 − η (|G'|² − |G|²)/8`. The pull's part of the first two terms cancels.
   */
  #acceptances(centre: Float32Array, read: readonly Float32Array[]): number[] {
    const [before, gradient, after, gradientAfter, losses, lossesAfter] = read;
    const { parameters: { blocks, replicas }, nBeta, lr, localisation } = this.#dynamics;
    const of = (value: PerReplica, r: number) => typeof value === "number" ? value : value[r];
    return Array.from({ length: replicas }, (_, r) => {
      const [eta, pull] = [of(lr, r), of(localisation, r)];
      let [work, squares] = [0, 0];
      for (const { start, perReplica } of blocks) {
        for (let k = start + r * perReplica; k < start + (r + 1) * perReplica; k++) {
          const [g, h] = [nBeta * gradient[k], nBeta * gradientAfter[k]];
          work += (g + h) * (after[k] - before[k]);
          squares += (h + pull * (after[k] - centre[k])) ** 2 - (g + pull * (before[k] - centre[k])) ** 2;
        }
      }
      const exponent = nBeta * (losses[r] - lossesAfter[r]) + work / 2 - eta * squares / 8;
      return Number.isFinite(exponent) ? Math.min(1, Math.exp(exponent)) : 0;
    });
  }

  /** Gradient in what moves, zero in what is held. */
  #gradient(losses: Tensor): Tensor {
    const gradient = this.#dynamics.parameters.gradient(losses);
    return this.#mask ? multiply(this.#mask.moved, gradient) : gradient;
  }

  #move(gradient: Tensor): void {
    const { parameters } = this.#dynamics;
    this.#optimizer.update({ parameters, gradient, state: this.#state, clock: this.#clock });
    if (!this.#mask) return;
    // Sums with zeros, so that what moves keeps its bits and so does what is put back.
    const [moved, held] = [multiply(this.#mask.moved, parameters.flat), multiply(this.#mask.held, this.#state.centre)];
    copy({ x: add(moved, held), y: parameters.flat });
  }

  /** Keeps numbers of the chains (R), and ends the step. */
  #next(numbers: Tensor, { rows, cursor }: Ring): void {
    append({ row: numbers.reshape([this.#dynamics.parameters.replicas]), cursor, ring: rows });
    advance({ clock: cursor });
    advance({ clock: this.#clock });
  }

  #rewind(): void {
    this.#clock.write(Uint32Array.of(0), 0);
  }

  #ring(rows: number): Ring {
    return {
      rows: this.#own(new Tensor([rows, this.#dynamics.parameters.replicas], "f32", "losses")),
      cursor: this.#own(Tensor.from(Uint32Array.of(0, rows, 1), [3], "cursor")),
    };
  }

  /** The first rows of a ring, chain by chain (R of count). */
  async #read({ rows }: Ring, count: number): Promise<Float64Array[]> {
    const [values, R] = [await rows.read(), rows.shape[1]];
    return Array.from({ length: R }, (_, r) => Float64Array.from({ length: count }, (_, row) => values[row * R + r]));
  }

  #own<T extends { destroy(): void }>(one: T): T {
    this.#owned.push(one);
    return one;
  }

  [Symbol.dispose](): void {
    for (const one of this.#owned) one.destroy();
  }
}

function copied(x: Tensor): Tensor {
  return copy({ x: x.reshape([x.size]) }).y;
}
