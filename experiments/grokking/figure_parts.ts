/** What several figures share: the axis of time, ends of the phases, bands over the main replicas. */
import { type Axis, bandOver, type BandRow, describeBand, type Rule } from "../../lib/figures/mod.ts";
import { type Evidence, indicesOf } from "./evidence.ts";
import { mainTimes } from "./times.ts";

/** The axis of time. */
export const STEP: Axis = { title: "full-batch step", scale: "log" };

/** Ends of the phases: geometric means over the main replicas that reached them. */
function phaseEnds(evidence: Evidence): { readonly name: string; readonly x: number }[] {
  const times = mainTimes(evidence);
  return ([["memorised", "memorised"], ["circuit", "circuit formed"], ["generalised", "generalised"]] as const)
    .flatMap(([key, name]) => {
      const reached = times.flatMap((one) => one[key] === null ? [] : [one[key]]);
      if (reached.length === 0) return [];
      return [{ name, x: Math.exp(reached.reduce((sum, time) => sum + Math.log(time), 0) / reached.length) }];
    }).sort((a, b) => a.x - b.x);
}

/** Dotted lines at the ends of the phases. */
export const phaseRules = (evidence: Evidence): Rule[] => phaseEnds(evidence).map(({ x }) => ({ x }));

/** What the dotted lines are. */
export function phaseWords(evidence: Evidence): string {
  const ends = phaseEnds(evidence).map(({ name, x }) => `${name} ${Math.round(x)}`);
  return ends.length === 0 ? "no phase has ended" : `dotted, geometric means: ${ends.join(", ")}`;
}

/** Bands over the main replicas of named curves. */
export function bands(
  evidence: Evidence,
  curves: readonly (readonly [string, (replica: number) => readonly number[]])[],
) {
  const rows = curves.flatMap(([group, of]) =>
    indicesOf(evidence, "main").flatMap((replica) =>
      of(replica).map((value, index) => ({ step: evidence.snapshots[index].step, group, replica, value }))
    )
  );
  return bandOver(rows, { x: "step", value: "value", group: "group" });
}

/** The task in words. */
export const taskOf = ({ setting: { operation, modulus, fraction } }: Evidence) =>
  `${operation} modulo ${modulus}, ${Math.round(100 * fraction)} % of the pairs`;

/** Task and band in words. */
export function under(evidence: Evidence, simulation: readonly BandRow[]): string {
  return `${taskOf(evidence)}; ${describeBand(simulation)}`;
}
