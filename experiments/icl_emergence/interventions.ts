/** Interventions on the leading subspaces of the QK circuits of two layers before the window. */
import * as lab from "../../mod.ts";
import type { Setting } from "./setting.ts";
import { TWO, type Windows, windowsOf } from "./windows.ts";

/**
 * Interventions, one block of replicas each:
 * - `freeze top`: what W_Q and W_K read from the k leading left and right singular directions of QK stays as it is;
 * - `freeze random`: the same of k random directions, its control;
 * - `re-randomise top`: what they read from the k leading directions is read from k random ones instead;
 * - `random change`: a Gaussian change of the same norm, its control.
 */
export const INTERVENTIONS = ["freeze top", "freeze random", "re-randomise top", "random change"] as const;

/** Which intervention. */
export type Intervention = typeof INTERVENTIONS[number];

/** Name of an intervention's series: with its fraction, unless that is 1. */
export const seriesOf = (intervention: Intervention, fraction: number) =>
  fraction === 1 ? intervention : `${intervention} at ${fraction}`;

/**
 * Steps at which interventions are made: fractions of the last one, down to a report, at least one report in. The last one
 * lies two reports before the earliest window, as a change point is only known to a report or so; at a quarter of training
 * where there is none.
 */
export function placesOf(
  { steps, every, "intervene-at": fractions }: Pick<Setting, "steps" | "every" | "intervene-at">,
  windows: Windows,
): { readonly fraction: number; readonly from: number }[] {
  const report = (step: number) => Math.max(every, Math.floor(step / every) * every);
  const starts = windows.flatMap((window) => window ? [window.start] : []);
  const last = report(starts.length > 0 ? Math.min(...starts) - 2 * every : steps / 4);
  return fractions.map((fraction) => ({ fraction, from: report(fraction * last) }));
}

/**
 * Applies every intervention to a state of R replicas of two layers; random frames and changes are drawn from their seeds.
 *
 * @returns State of 4 R replicas, one block for each intervention, and what is held of it.
 */
export async function intervene(state: lab.TrainingState, setting: Setting, seeds: readonly number[]) {
  const { heads, width: C, "top-k": k } = setting;
  const branched = lab.branches(state, INTERVENTIONS);
  const holds: lab.Hold[] = [];
  for (const layer of [0, 1]) {
    const tops = await lab.leadingSubspaces(state.tensors, { layer, heads, circuit: "QK" }, k);
    for (const side of ["query", "key"] as const) {
      const weight = `blocks.${layer}.attention.${side}`;
      const [before, after] = [state, branched.state].map(({ tensors }) => lab.arrayNamed(tensors, weight));
      const kept = new Map<string, Float64Array>();
      for (const [replica, seed] of seeds.entries()) {
        for (let head = 0; head < heads; head++) {
          const place = `layer ${layer} head ${head} ${side}`;
          const top = tops[replica * heads + head][side === "query" ? "left" : "right"];
          const random = await randomFrame({ seed, key: `${place} frame` }, C, k);
          kept.set(`${branched.at("freeze top", replica)} ${head}`, lab.projectionOf(top, C));
          kept.set(`${branched.at("freeze random", replica)} ${head}`, lab.projectionOf(random, C));
          const reads = { replica, head, heads, side: "read" } as const;
          const matrix = lab.headOf(before, reads);
          const turned = lab.turned(matrix, top, random, C);
          const noise = lab.normals({ seed, key: `${place} change` }, matrix.length);
          const write = (of: Intervention, changed: Float64Array) =>
            lab.writeHead(after, { ...reads, replica: branched.at(of, replica) }, changed);
          write("re-randomise top", turned);
          write("random change", lab.normMatchedChange(matrix, turned, noise));
        }
      }
      const sizes = { replicas: INTERVENTIONS.length * seeds.length, heads, width: C };
      const projections = lab.projectionBatch(sizes, (replica, head) => kept.get(`${replica} ${head}`) ?? null);
      holds.push({ weight, side: "read", projections });
    }
  }
  return { branched, holds };
}

/** Orthonormal columns (C, k) of a Gaussian matrix, in float32. */
async function randomFrame(draw: lab.Draw, C: number, k: number): Promise<Float64Array> {
  using gaussian = lab.Tensor.from(lab.normals(draw, C * k), [C, k], "frame");
  const { q, r } = lab.qr(gaussian);
  const frame = Float64Array.from(await q.read());
  for (const tensor of [q, r]) tensor.destroy();
  return frame;
}

/** Score in the middle of the window of each two-layer seed, at which delays are taken; null where there is none. */
function middleLevels(measured: lab.Measurements, setting: Setting) {
  return windowsOf(measured, setting, TWO).map((window) => window && (window.before + window.after) / 2);
}

/** Reports that are taken after the last transition. */
const AFTER = 8;

/**
 * Whether interventions have been followed for long enough: until eight reports after the last of them came to the middle of
 * its seed's window. Without windows they never are.
 */
export function isSettled(measured: lab.Measurements, setting: Setting, fraction: number, step: number): boolean {
  const levels = middleLevels(measured, setting);
  const times = INTERVENTIONS.flatMap((intervention) =>
    measured.curves({ series: seriesOf(intervention, fraction), quantity: "score" }).flatMap(({ x, y }, replica) => {
      const level = levels[replica];
      return level === null ? [] : [x[y.findIndex((score) => score <= level)] ?? Infinity];
    })
  );
  return times.length > 0 && step >= Math.max(...times) + AFTER * setting.every;
}

/**
 * How many steps later each seed's score falls to the middle of its window, with an intervention than without. Where it
 * never does, the last step counts: a lower bound.
 */
export function delaysOf(measured: lab.Measurements, setting: Setting, intervention: Intervention, fraction: number) {
  const [without, changed] = [TWO, seriesOf(intervention, fraction)]
    .map((series) => measured.curves({ series, quantity: "score" }));
  return lab.delays(without, changed, middleLevels(measured, setting), { direction: "down", end: setting.steps });
}
