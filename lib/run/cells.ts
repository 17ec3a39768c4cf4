/**
 * Cells of a sweep that train side by side in one run: each has its own values of some options, and its own seeds.
 *
 * @module
 */
import type { Quantity } from "../study/measurements.ts";
import type { AnyExperiment } from "./experiment.ts";
import type { Cell } from "./manifest.ts";
import type { Configuration, Options } from "./option.ts";

export type { Cell };

/** A cell within a run. */
export interface RunCell<O extends Options> {
  /** Values of all options in the cell. */
  readonly configuration: Configuration<O>;
  /** Seeds of its replicas. */
  readonly seeds: readonly number[];
  /** Places of its replicas in the run's ensemble, consecutive. */
  readonly replicas: readonly number[];
  /** Adds a theory's curves that hold for this cell alone; as `RunContext.theory`. */
  theory(
    theory: string,
    of: Quantity,
    steps: ArrayLike<number>,
    values: ArrayLike<number> | readonly ArrayLike<number>[],
  ): void;
}

/**
 * Name of a cell: its values, as a command line has them.
 *
 * @param cell The cell.
 * @returns Text such as `lr=0.01, scale=0.1`; `main` for a cell without values of its own.
 *
 * @example
 * ```ts
 * import { cellName } from "./cells.ts";
 *
 * if (cellName({ values: { lr: "0.01" } }) !== "lr=0.01") throw new Error("not named");
 * ```
 */
export function cellName({ values }: Pick<Cell, "values">): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "main" : pairs.join(", ");
}

/**
 * Places of the replicas of cells that stand one after the other in an ensemble.
 *
 * @param cells Cells.
 * @returns Of each its places, from 0.
 */
export function placesOf(cells: readonly Pick<Cell, "seeds">[]): number[][] {
  let first = 0;
  return cells.map(({ seeds }) => seeds.map(() => first++));
}

/**
 * Options that may differ from replica to replica.
 *
 * @param experiment The experiment.
 * @param configuration Values of the others.
 * @returns Names, besides the seed; undefined of an experiment whose replicas have consecutive seeds and differ in nothing else.
 */
export function perReplicaOf(
  { perReplica }: Pick<AnyExperiment, "perReplica">,
  configuration: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  return typeof perReplica === "function" ? perReplica(configuration) : perReplica;
}

/**
 * Configuration of a run whose cells differ: options that differ cannot be read from it, because it has no one value of them.
 *
 * @param configuration Values of all options, of which some are one cell's.
 * @param differing Names of the options that differ.
 * @returns The same, in which reading one that differs throws; copies go without it.
 */
export function withoutDiffering<C extends object>(configuration: C, differing: readonly string[]): C {
  const common = Object.fromEntries(Object.entries(configuration).filter(([key]) => !differing.includes(key)));
  for (const key of differing) {
    Object.defineProperty(common, key, {
      get() {
        throw new Error(
          `expected the value of --${key} to be read by run.each("${key}") or of a cell of run.cells, found it read of the run, ` +
            "whose replicas differ in it",
        );
      },
    });
  }
  return common as C;
}
