/** Lists of tasks: endless, nested, and never stored, as every task is a function of (seed, its number). */
import { listPlaces as places } from "../../kernels/random/list_place.ts";
import { type PlaceKeys, type PromptPlaces, promptPlaces } from "../../kernels/random/prompt_place.ts";
import type { RandomDraw } from "../../kernels/random/random_fill.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { type PerReplica, perReplica } from "./sampler.ts";

/**
 * Where tasks come from: an endless list per replica, of which a prompt's task is one of the first M.
 *
 * Lists are nested: the first M tasks are the same for every M. New tasks and sequences are never those of a list.
 */
export interface TaskList {
  /** Tasks M; `Infinity` (the default) draws a new task for every prompt. */
  readonly tasks?: PerReplica;
  /** Input sequences S of each task, noise included; `Infinity` (the default) draws a new one for every prompt. */
  readonly sequences?: PerReplica;
  /** Seeds of the lists; by default those of the replicas. One number gives all replicas the same list. */
  readonly seeds?: PerReplica;
  /** Names the list, `"list"` by default: lists of other names hold other tasks. */
  readonly name?: string;
}

/** Sizes (R) as kernels take them: 0 stands for `Infinity`. */
function listSizes(task: string, name: string, values: PerReplica, R: number): number[] {
  const finite = (value: number) => value === Infinity ? 0 : value;
  const sizes = perReplica(task, name, typeof values === "number" ? finite(values) : values.map(finite), R);
  const given = typeof values === "number" ? [values] : values;
  const wrong = given.find((size) => size !== Infinity && !(Number.isInteger(size) && size >= 1 && size <= 2 ** 31));
  if (wrong !== undefined) {
    throw new RangeError(`${task}: expected ${name} to be Infinity or an integer from 1 to 2147483648, found ${wrong}`);
  }
  return sizes;
}

/** Names of one kind of draw, for new tasks and for listed ones. */
export type KeysOf = (what: string) => PlaceKeys;

/** Places of a batch, and the names of the draws made there. */
export interface Prompts extends PromptPlaces {
  /** Names of one kind of draw. */
  readonly keys: KeysOf;
}

/**
 * Chooses the tasks and sequences of a batch.
 *
 * @param task Named as the sampler; stands in error messages.
 * @param draw Seeds, clock and key of the batch.
 * @param list Where tasks come from.
 * @param batch Prompts B per replica.
 * @returns Places, choices, and names for the draws made there.
 * @throws {RangeError} If a size does not fit, or the list has the name of the batch's key.
 */
export function choosePrompts(task: string, draw: RandomDraw, list: TaskList, batch: number): Prompts {
  const { M, S, keys } = resolve(task, draw, list);
  const places = promptPlaces({ ...draw, key: `${draw.key} choice` }, {
    seeds: listSeeds(task, draw, list),
    tasks: integers(M, `${task} tasks`),
    sequences: integers(S, `${task} sequences`),
  }, batch);
  return { ...places, keys };
}

/** Places of every task of the lists. */
export interface ListedTasks {
  /** Places (R, M, 4), M being the longest list. */
  readonly place: Tensor<"u32">;
  /** Length of each list (R); 0 where tasks are new. */
  readonly count: Tensor<"u32">;
  /** Names of one kind of draw. */
  readonly keys: KeysOf;
}

/**
 * Places of every task of the lists.
 *
 * @param task Named as the sampler; stands in error messages.
 * @param draw Seeds; clock and key do not matter.
 * @param list Where tasks come from.
 * @returns Places, lengths, and names for the draws made there.
 * @throws {RangeError} If a size does not fit, or no replica has a list.
 */
export function listPlaces(task: string, draw: RandomDraw, list: TaskList): ListedTasks {
  const { M, keys } = resolve(task, draw, list);
  const longest = Math.max(...M);
  if (longest === 0) throw new RangeError(`${task}: expected a list of finitely many tasks, found new tasks only`);
  return { place: places(listSeeds(task, draw, list), longest), count: integers(M, `${task} tasks`), keys };
}

function resolve(
  task: string,
  { seeds, key }: RandomDraw,
  { tasks = Infinity, sequences = Infinity, name = "list" }: TaskList,
) {
  const [R] = seeds.shape;
  if (key === name) {
    throw new RangeError(`${task}: expected the key of a batch to differ from the name of the list, found "${name}"`);
  }
  const M = listSizes(task, "tasks", tasks, R);
  const S = listSizes(task, "sequences", sequences, R);
  const large = M.findIndex((m, r) => Math.max(1, m) * S[r] >= 2 ** 32);
  if (large >= 0) {
    throw new RangeError(`${task}: expected fewer than 4294967296 sequences in all, found ${M[large] * S[large]}`);
  }
  const keys: KeysOf = (what) => ({ key: `${key} ${what}`, listKey: `${name} ${what}` });
  return { M, S, keys };
}

function listSeeds(task: string, { seeds }: RandomDraw, list: TaskList): Tensor<"u32"> {
  if (list.seeds === undefined) return seeds;
  const values = perReplica(task, "the seeds of lists", list.seeds, seeds.shape[0]);
  const wrong = values.find((seed) => seed !== seed >>> 0);
  if (wrong !== undefined) {
    throw new RangeError(`${task}: expected seeds of lists to be unsigned 32-bit integers, found ${wrong}`);
  }
  return integers(values, `${task} list seeds`);
}

function integers(values: readonly number[], label: string): Tensor<"u32"> {
  return own(Tensor.from(Uint32Array.from(values), [values.length], label));
}
