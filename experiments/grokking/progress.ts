/** Measures of every snapshot of the main replicas: progress measures of Nanda et al. and spectra of the circuits. */
import * as lab from "../../mod.ts";
import { applyModel, inputRows, modelOf } from "./model.ts";
import type { options } from "./setting.ts";

/** Share of the logits' power over results above which a frequency of the final model is a key frequency. */
const KEY_SHARE = 0.05;

/** Share of a neuron's variance that makes it one of a frequency, as Nanda et al. have it. */
const EXPLAINED = 0.85;

/** Circuits, of which means over heads are measured, and weights, by the name under which they are measured. */
export const MATRICES = {
  QK: "QK",
  OV: "OV",
  "mlp in": "blocks.0.mlp.in",
  "mlp out": "blocks.0.mlp.out",
  embedding: "embedding.token",
  unembedding: "unembedding",
} as const;

/**
 * Measures the snapshots "main" against the final model of each replica, whose key frequencies and subspaces they share.
 *
 * @param run The run, which gets the rows.
 * @param pairs Training pairs of each main replica, as places in the table.
 */
export async function measureProgress(
  run: Pick<
    lab.RunContext<typeof options, Readonly<Record<never, lab.Columns>>>,
    "configuration" | "snapshots" | "measure" | "signal" | "progress"
  >,
  pairs: readonly (readonly number[])[],
): Promise<void> {
  const { configuration: setting } = run;
  const snapshots = run.snapshots.of("main");
  const { step: end, arrays: last } = snapshots[snapshots.length - 1];
  const table = lab.groupTable(setting.modulus, setting.operation);
  const { p, numbers, group: { order: m } } = table;
  const seen = pairs.map((each) => new Set(each));

  using parameters = lab.ParameterSet.create(modelOf(setting).parameters, pairs.map(() => 0));
  const all = lab.modularTable(p, setting.operation);
  const tokens = inputRows(Uint32Array.from(all.flatMap(([a, b]) => [a, b, p])), p);
  using rows = lab.Tensor.from(tokens, [1, all.length, 3], "rows");
  using forward = await lab.record("measure", () => applyModel(setting, parameters.weights, rows));
  const perReplica = (values: Float32Array) => {
    const each = values.length / pairs.length;
    return pairs.map((_, r) => values.subarray(r * each, (r + 1) * each));
  };
  const logitsOf = async (arrays: readonly lab.NamedArray[]) => {
    parameters.flat.write(parameters.pack(arrays));
    forward.replay();
    return perReplica(await forward.outputs.logits.read());
  };
  const embeddingsOf = (arrays: readonly lab.NamedArray[]) =>
    perReplica(lab.arrayNamed(arrays, "embedding.token").data).map((rows) => rows.subarray(0, p * setting.width));

  const powers = (await logitsOf(last)).map((logits) => lab.fourierPowers(lab.resultComponents(logits, table).parts));
  const keys = powers.map((power) => lab.keyFrequencies(power, KEY_SHARE));
  const neurons = perReplica(await forward.outputs.neurons.read())
    .map((active) => lab.neuronFrequencies(active, table, setting.mlp));
  const embeddings = embeddingsOf(last).map((embedding) => lab.rowsByElement(embedding, table));
  for (let k = 1; 2 * k <= m; k++) {
    const ofKeys = <T>(value: (r: number) => T) => keys.map((own, r) => own.includes(k) ? value(r) : null);
    const isSharp = (one: { frequency: number; explained: number }) => one.explained > EXPLAINED && one.frequency === k;
    const share = (r: number) => neurons[r].filter(isSharp).length / Math.max(1, neurons[r].length);
    run.measure({ series: "main", step: end, index: k }, { "neurons at a key frequency": ofKeys(share) });
    if (2 * k === m) continue;
    const planes = ofKeys((r) => lab.fourierComponents(embeddings[r], m)[k - 1]);
    const along = (wave: "cosine" | "sine", e: number) =>
      planes.map((plane, r) => {
        if (plane === null) return null;
        const [direction, C] = [plane[wave], setting.width];
        return direction.reduce((sum, x, c) => sum + x * embeddings[r][e * C + c], 0) / Math.hypot(...direction);
      });
    numbers.forEach((number, e) =>
      run.measure({ series: "main", step: end, index: number }, {
        [`embedding along cos ${k}n`]: along("cosine", e),
        [`embedding along sin ${k}n`]: along("sine", e),
      })
    );
  }

  const { heads } = setting;
  const spaces = await lab.matrixSpaces(last, { heads, matrices: Object.values(MATRICES) });
  const spectral = await lab.spaceHistory(snapshots.map(({ arrays }) => arrays), spaces, heads);
  await lab.each(snapshots, "measures", async ({ step, arrays }, index) => {
    const at = { series: "main", step };
    const logits = await logitsOf(arrays);
    const found = logits.map((each) => lab.resultComponents(each, table));
    const unseen = logits.map((each, r) => lab.resultComponents(each, table, (pair) => !seen[r].has(pair)));
    const power = embeddingsOf(arrays).map((embedding) => lab.embeddingPowers(embedding, table));
    run.measure(at, {
      "restricted loss": found.map((each, r) => lab.restrictedLoss(each, keys[r], table)),
      // What is memorised of the training pairs has no part in it.
      "restricted loss, test pairs": unseen.map((each, r) => lab.restrictedLoss(each, keys[r], table)),
      "excluded loss": found.map((each, r) => lab.excludedLoss(logits[r], each, keys[r], table, pairs[r])),
      "gini embedding": power.map(lab.gini),
      "gini logits": found.map(({ shares }) => lab.gini(shares)),
      "explained": found.map(({ shares }, r) => keys[r].reduce((sum, key) => sum + shares[key - 1], 0)),
    });
    for (let k = 1; 2 * k <= m; k++) {
      run.measure({ ...at, index: k }, {
        "share of embedding": power.map((of) => of[k - 1] / of.reduce((sum, x) => sum + x, 0)),
        "share of logits": found.map(({ shares }) => shares[k - 1]),
      });
    }
    for (const [name, matrix] of Object.entries(MATRICES)) {
      const { effectiveRank, distance, meanAngle } = spectral[matrix][index];
      const each = effectiveRank.length / pairs.length;
      const overHeads = (values: readonly number[]) =>
        pairs.map((_, r) => lab.statistics.mean(values.slice(r * each, (r + 1) * each)));
      run.measure(at, {
        [`effective rank ${name}`]: overHeads(effectiveRank),
        [`distance ${name}`]: overHeads(distance),
        [`angle ${name}`]: overHeads(meanAngle),
      });
    }
  }, run);
}
