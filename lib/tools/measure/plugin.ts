/**
 * Measures of the user's own, in a worker that may read its file and this library, and nothing else.
 *
 * @module
 */
import { dirname, fromFileUrl, resolve, toFileUrl } from "@std/path";
import { UserError } from "../../io/errors.ts";
import type { MatrixShape } from "./measures.ts";

/** A matrix (rows, columns), row-major. */
export interface OwnMatrix {
  /** Entries. */
  readonly data: Float32Array;
  /** Rows. */
  readonly rows: number;
  /** Columns. */
  readonly columns: number;
}

/** A measure of one's own: of the spectrum or of the matrix. NaN is a value that is not defined, and is left out. */
export type OwnMeasure =
  | { readonly ofSpectrum: (s: Float32Array, shape: MatrixShape) => number }
  | { readonly ofMatrix: (matrix: OwnMatrix) => number };

/** Measures that a file exports, as `export const measures: OwnMeasures = { "top share": { ofSpectrum: … } }`. */
export type OwnMeasures = Readonly<Record<string, OwnMeasure>>;

/** One request to the worker, and its answer. */
export type PluginRequest =
  | { readonly load: string }
  | { readonly s: Float32Array; readonly shape: MatrixShape; readonly matrix: OwnMatrix | null };
/** Answer of the worker. */
export type PluginAnswer =
  | { readonly names: readonly string[]; readonly wantsMatrix: boolean }
  | { readonly values: readonly number[] }
  | { readonly error: string };

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));

/** Measures of a file, ready to be taken. */
export class Plugin implements Disposable {
  readonly #file: string;
  readonly #worker: Worker;
  /** Names of its measures. */
  names: readonly string[] = [];
  /** Whether it wants matrices beside their singular values. */
  wantsMatrix = false;

  private constructor(file: string) {
    this.#file = file;
    const nothing = { env: false, ffi: false, import: false, net: false, run: false, sys: false, write: false };
    const permissions = { ...nothing, read: [dirname(resolve(file)), ROOT] };
    const options = { type: "module", deno: { permissions } } as unknown as WorkerOptions;
    this.#worker = new Worker(new URL("./plugin_worker.ts", import.meta.url), options);
  }

  /**
   * Loads a file of measures. Needs the flag `--unstable-worker-options`, which the tool's task has.
   *
   * @param file Its path.
   * @returns Its measures.
   * @throws {UserError} If it cannot be loaded, or exports none.
   */
  static async load(file: string): Promise<Plugin> {
    const plugin = new Plugin(file);
    try {
      const answer = await plugin.#ask({ load: toFileUrl(resolve(file)).href });
      if (!("names" in answer)) throw new Error("expected names of measures, found another answer");
      [plugin.names, plugin.wantsMatrix] = [answer.names, answer.wantsMatrix];
      return plugin;
    } catch (error) {
      plugin[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Takes all measures of one matrix.
   *
   * @param s Its singular values, from the largest.
   * @param shape Its shape.
   * @param matrix The matrix, if {@linkcode Plugin.wantsMatrix}.
   * @returns Values in the order of {@linkcode Plugin.names}; NaN where one is not defined.
   * @throws {UserError} If a measure fails, naming it.
   */
  async measure(s: Float32Array, shape: MatrixShape, matrix: OwnMatrix | null): Promise<readonly number[]> {
    const answer = await this.#ask({ s, shape, matrix });
    return "values" in answer ? answer.values : [];
  }

  #ask(request: PluginRequest): Promise<PluginAnswer> {
    return new Promise((answered, failed) => {
      const fail = (message: string) => failed(new UserError(`--plugin=${this.#file}: ${message}`));
      this.#worker.onmessage = ({ data }: MessageEvent<PluginAnswer>) =>
        "error" in data ? fail(data.error) : answered(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        fail(event.message);
      };
      this.#worker.postMessage(request);
    });
  }

  /** Ends the worker. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
