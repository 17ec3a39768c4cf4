/** Probes of every layer, and the risk without what they read. */
import * as lab from "../../mod.ts";
import { readOf, type Run, wholeOf, without, withoutRandom } from "./setting.ts";

/** Residual streams under names for `measureOnce`. */
export const byLayer = (residual: readonly lab.Tensor[]): Record<string, lab.Tensor> =>
  Object.fromEntries(residual.map((stream, layer) => [`layer ${layer}`, stream]));

/** Prompts that probes are fitted to: the first three quarters. */
const fitted = (prompts: number) => Math.floor(0.75 * prompts);

/**
 * Parts of targets that no affine map of some inputs gives, fitted to the prompts that probes are fitted to.
 *
 * @param inputs Inputs (R, S, F).
 * @param targets Targets (R, S, K).
 * @param R Replicas.
 * @param S Samples.
 * @returns Targets less the map's (R, S, K).
 */
export function restsOf(inputs: Float32Array, targets: Float32Array, R: number, S: number): Float64Array {
  const [F, K] = [inputs.length / (R * S), targets.length / (R * S)];
  const rests = new Float64Array(targets.length);
  for (let r = 0; r < R; r++) {
    const part = (values: Float32Array, width: number) => values.subarray(r * S * width, (r + 1) * S * width);
    const { target } = lab.linearFits(part(inputs, F), { target: { values: part(targets, K), K } }, { S, F }, {
      train: Math.floor(0.75 * S),
    });
    rests.set(target.rest, r * S * K);
  }
  return rests;
}

/** Readouts of every layer that `byLayer` named. */
export function readoutsOf<Name extends string>(
  { configuration: { probed, width }, seeds }: Run,
  layers: number,
  found: Readonly<Record<string, Float32Array>>,
  length: number,
  options: Omit<lab.ReadoutOptions<Name>, "train" | "seeds">,
): lab.LayerReadout<Name>[] {
  const streams = Array.from({ length: layers + 1 }, (_, layer) => found[`layer ${layer}`]);
  const shape = [seeds.length, probed, length, width] as const;
  return lab.layerReadouts({ layers: streams, shape }, { ...options, train: fitted(probed), seeds });
}

/**
 * Logs what layers hold, and the risk without it.
 *
 * @param run The run.
 * @param at Series, step, and which tokens were read.
 * @param readouts What each layer holds.
 * @param recorded Prompts on which risks are measured, and of each layer the risk (R) with an erasure, or with none.
 */
export async function logReadouts<Name extends string>(
  run: Run,
  { series, step, token }: { readonly series: string; readonly step: number; readonly token: string },
  readouts: readonly lab.LayerReadout<Name>[],
  recorded: (draw: lab.StepDraw) => (layer: number, erasures: lab.ReplicaErasures | null) => lab.Tensor,
): Promise<void> {
  const erasuresOf = ({ erasures, random }: lab.LayerReadout<Name>) => [
    ...Object.entries<lab.ReplicaErasures>(erasures as Record<string, lab.ReplicaErasures>)
      .map(([target, maps]) => [without(target, token), maps] as const),
    ...Object.entries(random).map(([K, maps]) => [withoutRandom(Number(K), token), maps] as const),
  ];
  const found = await lab.measureOnce<string>(run.seeds, (draw) => {
    const risk = recorded(draw);
    const changed = readouts.flatMap((readout, layer) =>
      erasuresOf(readout).map(([name, maps]) => [`${layer} ${name}`, risk(layer, maps)] as const)
    );
    return { whole: risk(0, null), ...Object.fromEntries(changed) };
  });
  readouts.forEach((readout, layer) => {
    const read = Object.entries<number[]>(readout.r2).map(([target, values]) =>
      [readOf(target, token), values] as const
    );
    const risks = erasuresOf(readout).map(([name]) => [name, found[`${layer} ${name}`]] as const);
    run.measure({ series, step, layer }, Object.fromEntries([...read, ...risks]));
  });
  run.measure({ series, step }, { [wholeOf(token)]: found.whole });
}
