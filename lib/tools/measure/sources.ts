/**
 * Checkpoints of a series, opened when they are read and closed again when too many are open.
 *
 * @module
 */
import { CheckpointError, quoted } from "../../checkpoint/checkpoint_error.ts";
import { openSafetensors } from "../../checkpoint/open_safetensors.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { changeOf } from "./delta.ts";
import type { Family } from "./plan.ts";
import type { CheckpointSeries } from "./series.ts";

/** Fewer than systems allow a process to have open, with ten shards a checkpoint. */
const MOST_OPEN = 24;

/** A weight that is not finite. */
export interface Unsound {
  /** Checkpoint. */
  readonly path: string;
  /** Tensor. */
  readonly tensor: string;
  /** How many entries are NaN or infinite. */
  readonly entries: number;
}

/** Tensors of a series, read one by one. */
export class Sources implements Disposable {
  readonly #open = new Map<number, TensorSource>();
  readonly #unsound = new Map<string, Unsound>();
  readonly #series: CheckpointSeries;

  readonly #delta: boolean;

  /**
   * @param series Checkpoints in order.
   * @param options Whether changes since the first step are read in place of weights.
   */
  constructor(series: CheckpointSeries, { delta = false }: { readonly delta?: boolean } = {}) {
    this.#series = series;
    this.#delta = delta;
  }

  /** Weights that were not finite, each once. */
  get unsound(): readonly Unsound[] {
    return [...this.#unsound.values()];
  }

  /**
   * The checkpoint at a step.
   *
   * @param step Index in the series.
   * @returns Its tensors, open until many others have been asked for.
   */
  at(step: number): TensorSource {
    const found = this.#open.get(step) ?? openSafetensors(this.#series.files[step].path);
    this.#open.delete(step);
    this.#open.set(step, found);
    if (this.#open.size > MOST_OPEN) {
      const [oldest, source] = [...this.#open][0];
      this.#open.delete(oldest);
      source[Symbol.dispose]();
    }
    return found;
  }

  /**
   * Reads what a family needs of a step.
   *
   * @param family Matrices.
   * @param step Index in the series.
   * @returns Factors; null if a weight is not finite, which is remembered.
   * @throws {CheckpointError} If a tensor is missing or of another shape than in the last step.
   */
  read(family: Family, step: number): ReturnType<Family["read"]> | null {
    const now = this.#read(family, step);
    if (!this.#delta || now === null) return now;
    const first = this.#read(family, 0);
    if (first === null) return null;
    const change = changeOf(family, now, first);
    // Nothing has changed yet, while a product of factors would leave what rounding leaves.
    if (step === 0) change.a.fill(0);
    return change;
  }

  #read(family: Family, step: number): ReturnType<Family["read"]> | null {
    const source = this.at(step);
    const last = this.at(this.#series.files.length - 1);
    let sound = true;
    const read = (tensor: string) => {
      const [here, there] = [source, last].map(({ tensors }) => tensors.get(tensor)?.shape.join(","));
      if (here !== there) {
        const found = here === undefined ? "none of that name" : `[${here}]`;
        throw new CheckpointError(
          source.path,
          `tensor ${quoted(tensor)} of shape [${there}], as in the last step`,
          found,
        );
      }
      const values = source.read(tensor);
      let entries = 0;
      for (let index = 0; index < values.length; index++) if (!Number.isFinite(values[index])) entries++;
      if (entries > 0) {
        sound = false;
        this.#unsound.set(`${source.path}\0${tensor}`, { path: source.path, tensor, entries });
      }
      return values;
    };
    const cache = new Map<string, Float32Array>();
    const factors = family.read((tensor) => {
      const values = cache.get(tensor) ?? read(tensor);
      cache.set(tensor, values);
      return values;
    });
    return sound ? factors : null;
  }

  /** Closes what is open. */
  [Symbol.dispose](): void {
    for (const source of this.#open.values()) source[Symbol.dispose]();
    this.#open.clear();
  }
}
