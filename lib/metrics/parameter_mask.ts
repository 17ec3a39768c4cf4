/** Parts of a model's parameters, chosen by name. */
import type { NamedArray, ParameterSet } from "../models/parameters.ts";
import { splitParts } from "../models/parameter_spec.ts";

/**
 * A choice of parameters: the name of one as checkpoints have it (`blocks.0.attention.query`), of one as the model has it
 * (`blocks.0.attention.qkv`), the beginning of several names up to a dot (`blocks.0`, a layer), or one head of an attention.
 */
export type ParameterChoice = string | {
  /** Beginning of the names of queries, keys, values and output, such as `blocks.0.attention`. */
  readonly attention: string;
  /** Head, from 0: its columns of queries, keys, values and their biases, and its rows of the output. */
  readonly head: number;
};

/** Elements that are chosen. */
export interface ParameterMask {
  /** 1 where an element of `parameters.flat` is chosen, else 0 (P). */
  readonly values: Float32Array;
  /** Number of chosen elements of one replica. */
  readonly count: number;
}

/** Last words of the names of parameters whose columns belong to heads. */
const HEAD_COLUMNS = ["query", "key", "value", "query_bias", "key_bias", "value_bias"];

/**
 * Marks the elements of parameters that are chosen.
 *
 * @param label Stands in error messages.
 * @param parameters Parameters.
 * @param choices What is chosen, at least one; what is chosen twice counts once.
 * @returns The marks, and how many there are in a replica.
 * @throws {RangeError} If a name is not that of a parameter or the beginning of one, or there is no such head.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { parameterMask } from "./parameter_mask.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const zeros = { law: "constant", value: 0 } as const;
 * const query = { shape: [3, 4], heads: 2, init: zeros };
 * using parameters = ParameterSet.create({ "a.query": query, "a.output": { shape: [4, 3], init: zeros } }, [1]);
 * assertEquals(parameterMask("example", parameters, ["a"]).count, 24);
 * assertEquals(parameterMask("example", parameters, [{ attention: "a", head: 1 }]).count, 6 + 6);
 * ```
 */
export function parameterMask(
  label: string,
  parameters: ParameterSet,
  choices: readonly ParameterChoice[],
): ParameterMask {
  const arrays = parameters.blocks.flatMap(({ name, spec }) =>
    splitParts(name, spec, [parameters.replicas, ...spec.shape], null).map((array) => ({
      ...array,
      joined: name,
      data: new Float32Array(array.shape.reduce((product, extent) => product * extent, 1)),
    }))
  );
  if (choices.length === 0) throw new RangeError(`${label}: expected at least one choice of parameters, found none`);
  for (const choice of choices) {
    const chosen = typeof choice === "string"
      ? arrays.filter(({ name, joined }) => [name, joined].some((one) => begins(one, choice)))
      : arrays.filter(({ name }) => [...HEAD_COLUMNS, "output"].some((last) => name === `${choice.attention}.${last}`));
    if (chosen.length === 0) {
      const names = arrays.map(({ name }) => name).join(", ");
      const found = typeof choice === "string" ? choice : choice.attention;
      throw new RangeError(`${label}: expected names of parameters or their beginnings (${names}), found "${found}"`);
    }
    if (typeof choice === "string") { for (const { data } of chosen) data.fill(1); }
    else markHead(label, chosen, choice);
  }
  const marked = arrays.reduce((sum, { data }) => sum + data.reduce((one, value) => one + value, 0), 0);
  return { values: parameters.pack(arrays), count: marked / parameters.replicas };
}

const begins = (name: string, choice: string) => name === choice || name.startsWith(`${choice}.`);

/** Marks columns of what reads and rows of what writes. */
function markHead(
  label: string,
  arrays: readonly NamedArray[],
  { attention, head }: Exclude<ParameterChoice, string>,
): void {
  const heads = arrays.find((array) => array.heads !== undefined)?.heads ?? 0;
  if (!Number.isInteger(head) || head < 0 || head >= heads) {
    throw new RangeError(`${label}: expected a head below ${heads} of "${attention}", found ${head}`);
  }
  for (const { name, shape, data } of arrays) {
    const columns = shape.at(-1)!;
    if (name.endsWith(".output")) {
      const size = shape[1] * columns / heads;
      for (let r = 0; r < shape[0]; r++) data.fill(1, (r * heads + head) * size, (r * heads + head + 1) * size);
      continue;
    }
    const width = columns / heads;
    for (let row = 0; row < data.length; row += columns) data.fill(1, row + head * width, row + (head + 1) * width);
  }
}
