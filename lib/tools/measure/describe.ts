/**
 * Summary before anything is measured: the tensors found, how they are read, and which are left out.
 *
 * @module
 */
import { basename } from "@std/path";
import { listed, type Plan } from "./plan.ts";
import type { CheckpointSeries } from "./series.ts";

/** A series of checkpoints with its plan. */
export interface PlannedSeries {
  /** Checkpoints in order. */
  readonly series: CheckpointSeries;
  /** Plan for each of them. */
  readonly plan: Plan;
}

const MOST_STEPS = 12;

/**
 * A plan in words.
 *
 * @param planned Series, each of which is a replica or several.
 * @param compare Whether they are models of their own that are compared.
 * @returns Lines, the subject of each in front.
 */
export function describePlan(planned: readonly PlannedSeries[], compare = false): string[] {
  if (compare && planned.length > 1) return planned.flatMap((each) => describePlan([each]));
  const lines = planned.flatMap(({ series: { name, files, leftOut, notes } }) => [
    entry("checkpoints", `${files.length} of ${name}: ${shownSteps(files)}`),
    ...leftOut.map(({ path, why }) => entry("left out", `${path}: ${why}`)),
    ...notes.map((note) => entry("names", note)),
  ]);
  const [{ plan }] = planned;
  const replicas = planned.reduce(
    (sum, { plan }) => sum + Math.max(1, ...plan.families.map(({ replicas }) => replicas)),
    0,
  );
  return [...lines, entry("replicas", String(replicas)), ...describeModel(plan)];
}

function describeModel({ attention, weights, adapters, inventory, leftOut, notes, needs }: Plan): string[] {
  const { parameters, buffers, quantised, state } = inventory;
  const towers = [
    ...Map.groupBy(
      attention,
      ({ tower, kind, layout, heads, headWidth, key, order, headsFrom }) =>
        JSON.stringify([tower, kind, layout, heads, headWidth, key.starts.length, order, headsFrom]),
    ),
  ].map(([, own]) => {
    const [{ tower, kind, layout, heads, headWidth, key, order, headsFrom, width }] = own;
    const who = [tower, kind].filter((word) => word !== "").join(" ");
    const groups = key.starts.length === heads ? "" : ` (${key.starts.length} of keys)`;
    const layers = `${own.length} ${own.length === 1 ? "layer" : "layers"} (${ranges(own.map(({ layer }) => layer))})`;
    const fused = order === null ? "" : `; fused: ${order}`;
    const counted = headsFrom === "shapes" ? "heads from shapes" : `heads from ${headsFrom}`;
    return entry(
      "attention",
      `${who === "" ? "" : `${who}: `}${layers} × ${heads} heads${groups} of width ${headWidth}, ` +
        `stream ${width}; layout ${layout}${fused}; ${counted}`,
    );
  });
  const stored = [...Map.groupBy(weights, ({ stored, because, form }) => `${stored}\0${because}\0${form}`).values()]
    .map((own) => {
      const [{ stored, because, form }] = own;
      const what = form === "convolution"
        ? "as matrices"
        : form === "stack"
        ? `(${stored}), each matrix of the stack apart`
        : `(${stored})`;
      return entry("weights", `${own.length} ${what}, ${because}: ${listed(own.map(({ name }) => name), 3)}`);
    });
  const measured = parameters.size - leftOut.reduce((sum, { names }) => sum + names.length, 0);
  return [
    ...(towers.length > 0 ? towers : [entry("attention", needs.length > 0 ? "not yet, see below" : "none found")]),
    ...stored,
    ...(adapters.length > 0
      ? [entry("adapters", `${adapters.length}: ${listed(adapters.map(({ name }) => name), 3)}`)]
      : []),
    ...(leftOut.length === 0 ? [] : [entry(
      "left out",
      `${parameters.size - measured} of ${parameters.size} floating tensors not measured: ` +
        leftOut.map(({ why, names }) => `${names.length} ${why}`).join("; "),
    )]),
    ...(buffers.length === 0 ? [] : [entry("buffers", `${buffers.length}, no parameters: ${listed(buffers)}`)]),
    ...(quantised.length === 0
      ? []
      : [entry("quantised", `${quantised.length} tensors left out: ${listed(quantised)}`)]),
    ...(state.length === 0 ? [] : [entry("state", `${state.length} tensors of an optimiser or a run left out`)]),
    ...notes.map((note) => entry("note", note)),
    ...needs.slice(0, 4).map(({ message }) => entry("needed", message)),
  ];
}

function entry(subject: string, text: string): string {
  return `${subject.padEnd(11)}  ${text}`;
}

function shownSteps(files: CheckpointSeries["files"]): string {
  const shown = files.map(({ step, path }) => `${step} (${basename(path)})`);
  if (shown.length <= MOST_STEPS) return shown.join(", ");
  return [...shown.slice(0, MOST_STEPS - 2), "…", shown.at(-1)].join(", ");
}

/** Layers as ranges: 0–11, or 3, 8, 13. */
function ranges(layers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const layer of layers) {
    const last = parts.at(-1);
    if (last !== undefined && layer === last[1] + 1) last[1] = layer;
    else parts.push([layer, layer]);
  }
  return parts.map(([from, to]) => from === to ? String(from) : `${from}–${to}`).join(", ");
}
