/** Places of every prompt's task and sequence in the random streams: new ones, or members of a fixed list. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey } from "../../lib/random/random.ts";
import { integersBelow } from "../../lib/random/laws.ts";
import code from "./prompt_place.wgsl" with { type: "text" };
import type { RandomDraw } from "./random_fill.ts";
import { placeFiles } from "./place.ts";

const places = kernel({
  label: "prompt_place",
  code: { ...placeFiles, "kernels/random/prompt_place.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], list_seeds: ["R"], tasks: ["R"], sequences: ["R"] },
  outputs: { task: ["R", "B", "4"], sequence: ["R", "B", "4"], choice: ["R", "B"] },
  scalars: ["key"],
  groups: ({ R, B }) => Math.ceil(R * B / 64),
});

/** Names of one kind of draw: of members that are new at every step, and of members of a fixed list. */
export interface PlaceKeys {
  /** Name of the draw of something new. */
  readonly key: string;
  /** Name of the draw of a list's member; another one, so that nothing new repeats the list. */
  readonly listKey: string;
}

/** Fixed lists that prompts are chosen from, per replica. */
export interface PromptLists {
  /** Seed of each list (R). */
  readonly seeds: Tensor<"u32">;
  /** Tasks M of each list (R); 0 draws a new task for every prompt. */
  readonly tasks: Tensor<"u32">;
  /** Sequences S of each task (R); 0 draws a new sequence for every prompt. */
  readonly sequences: Tensor<"u32">;
}

/** Places of a batch of prompts. */
export interface PromptPlaces {
  /** Place of the task (R, B, 4): seed, step, item, and 1 for a list's member. */
  readonly task: Tensor<"u32">;
  /** Place of the sequence (R, B, 4). */
  readonly sequence: Tensor<"u32">;
  /** Number of the task in the list (R, B); that of the prompt for a new task. */
  readonly choice: Tensor<"u32">;
}

/**
 * Chooses each prompt's task m, uniform below M_r, and its sequence s, uniform below S_r; see {@linkcode PromptPlaces}.
 *
 * Task m of a list is a function of (list seed, m): lists are nested, endless and never stored.
 *
 * @param draw Seeds, clock and the key of the choice.
 * @param lists Sizes and seeds of the lists; M_r S_r < 2³².
 * @param batch Prompts B per replica.
 * @returns Places and choices.
 */
export function promptPlaces({ seeds, clock, key }: RandomDraw, lists: PromptLists, batch: number): PromptPlaces {
  const [R] = seeds.shape;
  const task = makeTensor([R, batch, 4], "u32", "task place");
  const sequence = makeTensor([R, batch, 4], "u32", "sequence place");
  const choice = makeTensor([R, batch], "u32", "task choice");
  const { seeds: list_seeds, tasks, sequences } = lists;
  places({ seeds, clock, list_seeds, tasks, sequences, task, sequence, choice, key: drawKey(key) });
  return { task, sequence, choice };
}

/** A place on the host. */
export type Place = readonly [seed: number, step: number, item: number, listed: 0 | 1];

/**
 * {@linkcode promptPlaces} of one replica, on the host.
 *
 * @param draw Seed, key and step.
 * @param list Seed of the list, tasks M and sequences S; 0 for new ones.
 * @param batch Prompts B.
 * @returns Places (B) of tasks and sequences, choices (B).
 */
export function promptPlacesReference(
  draw: Draw,
  list: { seed: number; tasks: number; sequences: number },
  batch: number,
): { task: Place[]; sequence: Place[]; choice: number[] } {
  const fresh = (b: number): Place => [draw.seed, draw.step ?? 0, b, 0];
  const chosen = Array.from({ length: batch }, (_, item) => {
    const m = integersBelow({ ...draw, item }, Math.max(1, list.tasks), 1)[0];
    const s = integersBelow({ ...draw, item }, Math.max(1, list.sequences), 2)[1];
    return { m, s };
  });
  return {
    task: chosen.map(({ m }, b) => list.tasks > 0 ? [list.seed, 0, m, 1] : fresh(b)),
    sequence: chosen.map(({ m, s }, b) => list.sequences > 0 ? [list.seed, 0, m * list.sequences + s, 1] : fresh(b)),
    choice: chosen.map(({ m }, b) => list.tasks > 0 ? m : b),
  };
}

/**
 * Finds the draw at a place.
 *
 * @param place Place on the host.
 * @param keys Names of the draw.
 * @returns The draw, for the functions of `lib/random/random.ts`.
 */
export function drawAt([seed, step, item, listed]: Place, { key, listKey }: PlaceKeys): Draw {
  return { seed, step, item, key: listed ? listKey : key };
}
