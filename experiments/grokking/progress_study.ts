/** Measures of every snapshot of the main replicas: Fourier and spectral ones. */
import { evaluate, record } from "../../lib/gpu/mod.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { rankRule } from "../../lib/metrics/mod.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { gini } from "./fourier.ts";
import { cyclicGroup } from "./group.ts";
import type { Snapshot } from "./history.ts";
import {
  embeddingPowers,
  excludedLoss,
  type GroupTable,
  groupTable,
  keysOf,
  restrictedLoss,
  resultComponents,
} from "./measures.ts";
import { applyModel, inputRows, modelParameters } from "./model.ts";
import { neuronFrequencies } from "./neurons.ts";
import { type Setting, sizesOf, tableOf } from "./setting.ts";
import { finalSpaces, leadingVectors, type SpectralMeasures, spectralMeasures } from "./spectral.ts";

/** Measures of one main replica at one snapshot. */
export interface Measured extends SpectralMeasures {
  readonly restrictedLoss: number;
  /** The same from the test pairs alone, so that what is memorised of the training pairs has no part in it. */
  readonly testRestrictedLoss: number;
  readonly excludedLoss: number;
  readonly giniEmbedding: number;
  readonly giniLogits: number;
  /** Share of the logits' variance at the key frequencies. */
  readonly explained: number;
  /** Share of the embedding's power at every frequency from 1. */
  readonly embedding: readonly number[];
  /** Share of the logits' variance at every frequency from 1. */
  readonly logits: readonly number[];
}

/** The final model of one main replica. */
export interface Final {
  readonly keys: readonly number[];
  /** Of every key frequency, the share of live neurons that it explains to more than 85 %. */
  readonly neurons: readonly number[];
  /** Of every head, columns (C, k) that span the row space of its OV circuit: k = `rankRule` of its values. */
  readonly subspaces: readonly Float64Array[];
  /** Embedding of numbers (p, C). */
  readonly embedding: Float32Array;
}

/** What the study finds. */
export interface Progress {
  readonly table: GroupTable;
  /** Of every snapshot and replica. */
  readonly measured: readonly (readonly Measured[])[];
  readonly finals: readonly Final[];
}

/** Share of a neuron's variance that makes it one of a frequency, as Nanda et al. have it. */
const EXPLAINED = 0.85;

/**
 * Measures snapshots against the final model of each replica, whose key frequencies and subspaces they share.
 *
 * @param setting Options.
 * @param snapshots From the first to the last.
 * @param trained Training pairs of each main replica.
 * @param onReport Called after each snapshot.
 * @returns Measures.
 */
export async function measureProgress(
  setting: Setting,
  snapshots: readonly Snapshot[],
  trained: readonly (readonly (readonly [number, number])[])[],
  onReport: (index: number) => Promise<void>,
): Promise<Progress> {
  const sizes = sizesOf(setting);
  const { modulus: p, mlp } = sizes;
  const S = trained.length;
  const triples = tableOf(setting);
  const table = groupTable(triples, p, cyclicGroup(p, setting.operation));
  const places = new Map(triples.map(([a, b], pair) => [a * p + b, pair]));
  const pairs = trained.map((each) => each.map(([a, b]) => places.get(a * p + b)!));
  const seen = pairs.map((each) => new Set(each));
  using parameters = ParameterSet.create(modelParameters(sizes), new Array<number>(S).fill(0));
  const rows = inputRows(triples.map(([a, b]) => [a, b] as const), p);
  using tokens = Tensor.from(rows, [1, triples.length, 3], "tokens");
  using forward = await record("measure", () => applyModel(sizes, parameters.weights, tokens).logits);
  const logitsAt = async (snapshot: Snapshot) => {
    parameters.flat.write(parameters.pack(snapshot.weights));
    forward.replay();
    const logits = await forward.outputs.read();
    const each = logits.length / S;
    return Array.from({ length: S }, (_, r) => logits.subarray(r * each, (r + 1) * each));
  };
  const embeddingsOf = ({ weights }: Snapshot) => {
    const { data, shape: [, rows, C] } = weights.find(({ name }) => name === "embedding.token")!;
    return Array.from({ length: S }, (_, r) => data.slice(r * rows * C, (r * rows + p) * C));
  };

  const last = snapshots[snapshots.length - 1];
  const ends = (await logitsAt(last)).map((logits) => resultComponents(logits, table));
  const spaces = await finalSpaces(last.weights, sizes.heads);
  const spectral = await spectralMeasures(snapshots.map(({ weights }) => weights), spaces, sizes.heads);
  const subspacesOf = (r: number) =>
    Array.from({ length: sizes.heads }, (_, h) => {
      const [b, K] = [r * sizes.heads + h, spaces.OV.shape[2]];
      return leadingVectors(spaces.OV, b, rankRule(spaces.OV.s.subarray(b * K, (b + 1) * K)));
    });
  using active = await evaluate(() => applyModel(sizes, parameters.weights, tokens).neurons);
  const neurons = await active.read();
  const embeddings = embeddingsOf(last);
  const finals = ends.map((end, r): Final => {
    const keys = keysOf(end);
    const each = neurons.length / S;
    const found = neuronFrequencies(neurons.subarray(r * each, (r + 1) * each), table, mlp);
    const sharp = found.filter(({ explained }) => explained > EXPLAINED);
    const share = (key: number) =>
      sharp.filter(({ frequency }) => frequency === key).length / Math.max(1, found.length);
    return { keys, neurons: keys.map(share), subspaces: subspacesOf(r), embedding: embeddings[r] };
  });

  const measured: Measured[][] = [];
  for (const [index, snapshot] of snapshots.entries()) {
    const logits = await logitsAt(snapshot);
    const embeddings = embeddingsOf(snapshot);
    measured.push(finals.map(({ keys }, r): Measured => {
      const found = resultComponents(logits[r], table);
      const power = embeddingPowers(embeddings[r], table);
      const total = power.reduce((sum, x) => sum + x, 0);
      return {
        restrictedLoss: restrictedLoss(found, keys, table),
        testRestrictedLoss: restrictedLoss(
          resultComponents(logits[r], table, (pair) => !seen[r].has(pair)),
          keys,
          table,
        ),
        excludedLoss: excludedLoss(logits[r], found, keys, table, pairs[r]),
        giniEmbedding: gini(power),
        giniLogits: gini(found.shares),
        explained: keys.reduce((sum, key) => sum + found.shares[key - 1], 0),
        ...spectral[index][r],
        embedding: power.map((x) => x / total),
        logits: found.shares,
      };
    }));
    await onReport(index + 1);
  }
  return { table, measured, finals };
}
