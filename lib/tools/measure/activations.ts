/**
 * Measures of activations that come with checkpoints: of a fixed batch, one safetensors file a step.
 *
 * @module
 */
import { CheckpointError, quoted } from "../../checkpoint/checkpoint_error.ts";
import { openSafetensors } from "../../checkpoint/open_safetensors.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { hostProduct } from "../../linalg/host/host_product.ts";
import { hostSingularValues } from "../../linalg/host/host_svd.ts";
import { linearProbe } from "../../metrics/linear_probe.ts";
import { effectiveRank } from "../../metrics/spectrum.ts";
import { type AttentionPlaces, readFactors } from "./circuits.ts";
import { replicasOf } from "./plan.ts";
import type { CheckpointSeries } from "./series.ts";
import type { Sources } from "./sources.ts";

/** Quantities of activations: their titles and definitions. */
export const ACTIVATION_MEASURES: Readonly<Record<string, { readonly title: string; readonly help: string }>> = {
  "activation-rank": {
    title: "effective rank of activations",
    help: "exp of the spectral entropy of centred activations (samples, channels)",
  },
  "activation-cka": {
    title: "CKA with the last step",
    help: "linear centred kernel alignment (Kornblith et al. 2019) with the same module's activations at the last step",
  },
  "ov-activation-rank": {
    title: "effective rank of what OV writes",
    help: "exp of the spectral entropy of OV x over the samples, x the centred input of the head's attention",
  },
};

/** Quantity of a probe, by what it reads. */
export const PROBE = "probe of ";
/** Names of tensors that are read by probes. */
const LABEL = "label.";
/** More samples than this are thinned evenly: ranks and alignments of a few hundred channels change no more by then. */
const MOST_SAMPLES = 1024;
/** Penalty of probes, relative to the mean square of a channel, so that more channels than samples are no matter. */
const RIDGE = 1e-3;

/** One number of a module's activations. */
export interface ActivationNumber {
  /** `activations of` the module, layers of a list as `*`; or the circuit. */
  readonly series: string;
  /** Layer, undefined where the name has none. */
  readonly layer?: number;
  /** Head, of circuits. */
  readonly head?: number;
  /** Name of the quantity. */
  readonly quantity: string;
  /** Step. */
  readonly step: number;
  /** Replica of the folder. */
  readonly replica: number;
  /** The number. */
  readonly value: number;
}

/** Samples (S, C) of a module, centred. */
interface Samples {
  readonly x: Float64Array;
  readonly S: number;
  readonly C: number;
  readonly gram: Float64Array;
}

/**
 * Measures the activations of a series: effective rank, CKA with the last step, probes of labels, and what the heads' OV make
 * of what their attention reads.
 *
 * A file holds, for each module, what it reads or gives for the same samples at every step: `(…, C)`, all axes but the last
 * one being samples. Tensors `label.NAME` are what probes read off: numbers, one or more a sample; whole numbers of integer
 * type are classes. Where metadata has `replicas`, as checkpoints of this project have, the first axis of all is replicas.
 *
 * @param files Files of activations in order.
 * @param checkpoints Checkpoints in order, for the circuits at the same steps.
 * @param sources Their tensors.
 * @param attention Attention that was found in them.
 * @param note Takes remarks.
 * @returns Numbers, step by step.
 * @throws {CheckpointError} If samples differ from those of the last step, or are not finite.
 */
export function* activationNumbers(
  { files }: CheckpointSeries,
  { files: checkpoints }: CheckpointSeries,
  sources: Sources,
  attention: readonly AttentionPlaces[],
  note: (line: string) => void,
): Generator<ActivationNumber> {
  using last = openSafetensors(files[files.length - 1].path);
  const names = [...last.tensors].filter(([name, { shape }]) => !name.startsWith(LABEL) && shape.length > 1)
    .map(([name]) => name);
  const labels = [...last.tensors.keys()].filter((name) => name.startsWith(LABEL));
  if (names.length === 0) throw new CheckpointError(last.path, "activations (…, channels) of some module", "none");
  const R = replicasOf(last) ?? 1;
  const lastOnes = new Map(names.map((name) => [name, samplesOf(last, name, R)]));
  const most = Math.max(...[...last.tensors].map(([, { shape }]) => shape.slice(0, -1).reduce((a, b) => a * b, 1) / R));
  if (most > MOST_SAMPLES) note(`activations: ${MOST_SAMPLES} of ${most} samples are measured, evenly chosen`);
  for (const { step, path } of files) {
    using source = openSafetensors(path);
    const checkpoint = checkpoints.findIndex((file) => file.step === step);
    for (const name of names) {
      const found = samplesOf(source, name, R);
      const of = placeOf(name);
      for (let replica = 0; replica < R; replica++) {
        const [now, end] = [found[replica], lastOnes.get(name)![replica]];
        if (now.S !== end.S || now.C !== end.C) {
          throw new CheckpointError(
            path,
            `${quoted(name)} of ${end.S} × ${end.C}, as at the last step`,
            `${now.S} × ${now.C}`,
          );
        }
        const at = { ...of, step, replica };
        yield { ...at, quantity: "activation-rank", value: rankOf(now.x, now.S, now.C) };
        yield { ...at, quantity: "activation-cka", value: alignment(now.gram, end.gram) };
        for (const label of labels) {
          const { values, K } = targetsOf(source, label, R, replica, now.S);
          const ridge = RIDGE * now.x.reduce((sum, value) => sum + value * value, 0) / now.C;
          const value = linearProbe(now.x, values, { S: now.S, F: now.C, K }, { train: Math.ceil(now.S / 2), ridge });
          yield { ...at, quantity: `${PROBE}${label.slice(LABEL.length)} (R²)`, value };
        }
        const places = checkpoint < 0 ? undefined : readBy(name, now.C, attention);
        if (places !== undefined) yield* ofHeads(places, now, { step, replica }, checkpoint, sources, R);
      }
    }
  }
}

/** Effective rank of what the heads of a module write of its input. */
function* ofHeads(
  places: AttentionPlaces,
  { x, S, C }: Samples,
  at: { readonly step: number; readonly replica: number },
  checkpoint: number,
  sources: Sources,
  R: number,
): Generator<ActivationNumber> {
  const { heads, headWidth: D, width, layer, tower, kind } = places;
  const source = sources.at(checkpoint);
  const { a, b } = readFactors((tensor) => source.read(tensor), places, "OV", R);
  const series = [tower, kind, "OV"].filter((word) => word !== "").join(" ");
  for (let head = 0; head < heads; head++) {
    const place = at.replica * heads + head;
    const value = b.subarray(place * C * D, (place + 1) * C * D);
    const out = a.subarray(place * width * D, (place + 1) * width * D);
    const inner = hostProduct(x, transposed(value, C, D), C);
    const s = hostSingularValues(inner, { M: S, N: width, D }, out);
    const of = { series, ...(layer !== undefined && { layer }), head, ...at };
    yield { ...of, quantity: "ov-activation-rank", value: effectiveRank(s) };
  }
}

/** Attention that reads a module's activations: those that it was named after. */
function readBy(name: string, channels: number, attention: readonly AttentionPlaces[]): AttentionPlaces | undefined {
  return attention.find(({ prefix, layout, value, kind }) => {
    if (kind !== "" || value.width !== channels) return false;
    // A block that is named reads the stream before its norm, which attention does not; here blocks bear its name.
    if (name === prefix) return layout.startsWith("icl-lab") || /att[^.]*$/i.test(prefix);
    return name.startsWith(`${prefix}.`) && /^[^.]*att[^.]*$/i.test(name.slice(prefix.length + 1));
  });
}

/** Series and layer of a module: the first number in its name counts layers. */
function placeOf(name: string): { readonly series: string; readonly layer?: number } {
  const match = /^(.*?(?:^|[._]))(\d+)((?:[._].*)?)$/.exec(name);
  if (match === null) return { series: `activations of ${name}` };
  return { series: `activations of ${match[1]}*${match[3]}`, layer: Number(match[2]) };
}

function samplesOf(source: TensorSource, name: string, R: number): Samples[] {
  const shape = source.tensors.get(name)?.shape;
  if (shape === undefined) {
    throw new CheckpointError(source.path, `activations ${quoted(name)}, as at the last step`, "none");
  }
  const C = shape[shape.length - 1];
  const all = source.read(name);
  const rows = all.length / C / R;
  if (!Number.isInteger(rows) || rows < 4) {
    throw new CheckpointError(source.path, `at least 4 samples of ${R} replicas in ${quoted(name)}`, `[${shape}]`);
  }
  return Array.from({ length: R }, (_, r) => {
    const kept = chosen(rows);
    const x = new Float64Array(kept.length * C);
    kept.forEach((row, i) => x.set(all.subarray((r * rows + row) * C, (r * rows + row + 1) * C), i * C));
    if (!x.every((value) => Number.isFinite(value))) {
      throw new CheckpointError(source.path, `finite activations ${quoted(name)}`, "NaN or infinity");
    }
    for (let c = 0; c < C; c++) {
      let sum = 0;
      for (let i = 0; i < kept.length; i++) sum += x[i * C + c];
      for (let i = 0; i < kept.length; i++) x[i * C + c] -= sum / kept.length;
    }
    return { x, S: kept.length, C, gram: hostProduct(x, x, C) };
  });
}

/** Rows that are measured. */
function chosen(rows: number): number[] {
  const count = Math.min(rows, MOST_SAMPLES);
  return Array.from({ length: count }, (_, i) => Math.floor(i * rows / count));
}

/** Targets of a probe: numbers as they are, classes as one-hot rows. */
function targetsOf(
  source: TensorSource,
  name: string,
  R: number,
  replica: number,
  samples: number,
): { readonly values: Float64Array; readonly K: number } {
  const entry = source.tensors.get(name);
  if (entry === undefined) {
    throw new CheckpointError(source.path, `labels ${quoted(name)}, as at the last step`, "none");
  }
  const all = source.readNumbers(name);
  // One label a sample, or several numbers: as many rows as activations have before any are left out.
  const known = [...source.tensors].filter(([other, { shape }]) => !other.startsWith(LABEL) && shape.length > 1)
    .map(([, { shape }]) => shape.slice(0, -1).reduce((a, b) => a * b, 1) / R);
  const rows = known.find((count) => chosen(count).length === samples && all.length % (count * R) === 0);
  if (rows === undefined) {
    throw new CheckpointError(source.path, `one or more numbers a sample in ${quoted(name)}`, `[${entry.shape}]`);
  }
  const K = all.length / (rows * R);
  const values = Float64Array.from(
    chosen(rows).flatMap((row) => {
      const from = (replica * rows + row) * K;
      return [...all.subarray(from, from + K)];
    }),
  );
  if (!/^[IU]|^BOOL/.test(entry.dtype) || K > 1) return { values, K };
  const classes = [...new Set(values)].sort((a, b) => a - b);
  return {
    values: Float64Array.from([...values].flatMap((value) => classes.map((one) => Number(one === value)))),
    K: classes.length,
  };
}

function rankOf(x: Float64Array, S: number, C: number): number {
  const s = hostSingularValues(x, { M: S, N: C });
  return s[0] > 0 ? effectiveRank(s) : NaN;
}

/** CKA of two Gram matrices of centred samples; NaN where one is 0. */
function alignment(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
  return out;
}
