/**
 * The tool that measures checkpoints, as an experiment.
 *
 * @module
 */
import { curvature } from "../../metrics/curvature.ts";
import { marginalEffectiveRanks } from "../../metrics/spectrum.ts";
import { defineExperiment, type Experiment } from "../../run/experiment.ts";
import { type CurveKey, Curves } from "./curves.ts";
import { evaluateFamily } from "./evaluate.ts";
import { panelOf } from "./figures.ts";
import { type Measure, type MeasureName, MEASURES } from "./measures.ts";
import { LAYOUTS } from "./layouts.ts";
import { measureOptions } from "./options.ts";
import { type Family, planFamilies } from "./plan.ts";
import { type CheckpointSeries, findSeries } from "./series.ts";
import { Sources, type Unsound } from "./sources.ts";
import { SpectrumMeans } from "./spectrum_means.ts";
import { type MeasureContext, report, summarise } from "./summary.ts";
import { measureColumns, quantityOf } from "./columns.ts";
import { parameterNorms } from "./parameter_norms.ts";
import type { Configuration } from "../../run/option.ts";

const rows = (entries: readonly (readonly [string, string])[]) => {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`).join("\n");
};

const DOC = `How do the spectra and subspaces of a model's weights change over training?

Reads safetensors checkpoints of any model, matrix by matrix, and measures the circuits QK = W_Qᵀ W_K and OV = W_O W_V of
its attention heads, and its other weights. Says when each curve drops, rises, dips, or reaches its plateau.

  ./lab measure CHECKPOINTS… [--measures=effective-rank,subspace-distance] [--matrices=REGEX] [--circuits=auto]

Measures
${rows(Object.entries(MEASURES).map(([name, { help }]) => [name, help]))}

Layouts of attention (--circuits)
${rows(LAYOUTS.map(({ id, of }) => [id, of]))}`;

type MeasureConfiguration = Configuration<typeof measureOptions>;

/** The tool, run like an experiment: `runExperiment(measureCheckpoints, ["RUN", "--circuits=none"])`. */
export const measureCheckpoints: Experiment<typeof measureOptions, typeof measureColumns> = defineExperiment({
  name: "measure",
  doc: DOC,
  operands: { name: "CHECKPOINTS…", help: "safetensors files or folders of them; several folders are replicas" },
  options: measureOptions,
  presets: {},
  columns: measureColumns,
  claims: [],
  check: (configuration, operands) => void planAll(configuration, operands),
  async run(context) {
    const { configuration, operands, log } = context;
    const planned = planAll(configuration, operands);
    const curves = new Curves();
    const spectra = new SpectrumMeans();
    const unsound: Unsound[] = [];
    let replica = 0;
    for (const [number, { series, families }] of planned.entries()) {
      log("series", { number, name: series.name, checkpoints: series.files.length });
      using sources = new Sources(series);
      const record = recorder(context, curves, replica);
      await measureFamilies(context, { series, families, sources, spectra, record });
      if (wants(configuration, "parameter-norm", "norm-curvature")) {
        await measureNorms(context, series, sources, record);
      }
      replica += Math.max(...families.map(({ replicas }) => replicas));
      unsound.push(...sources.unsound);
      if (context.signal.aborted) return;
    }
    await summarise(context, curves, spectra);
    report(context, unsound);
  },
});

/** CheckpointSeries with what is measured of each; a tensor that is missing from a later step is found when it is read. */
function planAll(configuration: MeasureConfiguration, operands: readonly string[]) {
  const pattern = configuration["step-pattern"];
  const { circuits, matrices, heads } = configuration;
  return findSeries(operands, pattern instanceof RegExp ? pattern : undefined).map((series) => {
    using sources = new Sources(series);
    const last = sources.at(series.files.length - 1);
    return { series, families: planFamilies(last, { circuits, matrices, heads }) };
  });
}

function wants({ measures }: MeasureConfiguration, ...names: readonly MeasureName[]): boolean {
  return names.some((name) => measures.includes(name));
}

/** Appends a value to the log and to its curve; a value that is not defined (0/0) is left out. */
type Recorder = (key: CurveKey, replica: number, step: number, value: number) => void;

function recorder({ measure }: MeasureContext, curves: Curves, first: number): Recorder {
  return (key, replica, step, value) => {
    if (!Number.isFinite(value)) return;
    const { quantity, ...at } = quantityOf(key);
    const values: (number | null)[] = Array(first + replica).fill(null);
    measure({ ...at, step }, { [quantity]: [...values, value] });
    curves.add(key, first + replica, step, value);
  };
}

interface SeriesWork {
  readonly series: CheckpointSeries;
  readonly families: readonly Family[];
  readonly sources: Sources;
  readonly spectra: SpectrumMeans;
  readonly record: Recorder;
}

async function measureFamilies(
  context: MeasureContext,
  { series, families, sources, spectra, record }: SeriesWork,
): Promise<void> {
  const { configuration, progress, signal } = context;
  const { measures, marginal } = configuration;
  const steps = series.files.length;
  const wanted = {
    distance: measures.includes("subspace-distance"),
    overlap: measures.includes("subspace-overlap"),
    angles: measures.includes("principal-angles"),
  };
  progress.start(families.length * steps, series.name);
  for (const [number, family] of families.entries()) {
    if (signal.aborted) break;
    const { circuit, layer, name, heads } = family;
    // After Ctrl-C the remaining steps are gaps.
    const load = (step: number) => signal.aborted ? null : sources.read(family, step);
    await evaluateFamily(family, steps, load, wanted, async (index, findings) => {
      const { step } = series.files[index];
      for (const [place, { s, distance, overlap, angles }] of findings.entries()) {
        const head = circuit === "matrix" ? -1 : place % heads;
        const replica = Math.floor(place / heads);
        const put = (measure: MeasureName, value: number, index = 0) =>
          record({ layer, head, circuit, matrix: name, measure, index }, replica, step, value);
        spectra.add(panelOf({ circuit, layer, matrix: name }), step, s);
        // Weights near the end of single precision: their spectrum, and all that follows from it, is left out.
        if (!s.every((value) => Number.isFinite(value))) continue;
        for (const measure of measures) {
          const about: Measure = MEASURES[measure];
          if (about.ofSpectrum) put(measure, about.ofSpectrum(s));
          else if (measure === "marginal-rank") {
            marginalEffectiveRanks(s, Math.min(marginal, s.length - 1)).forEach((value, k) => put(measure, value, k));
          } else if (measure === "spectrum") s.forEach((value, k) => put(measure, value, k));
          else if (measure === "subspace-distance" && distance !== undefined) put(measure, distance);
          else if (measure === "subspace-overlap" && overlap !== undefined) put(measure, overlap);
          else if (measure === "principal-angles") angles?.forEach((value, k) => put(measure, value, k));
        }
      }
      await progress.update(number * steps + index + 1);
    });
  }
  progress.stop();
}

async function measureNorms(
  context: MeasureContext,
  series: CheckpointSeries,
  sources: Sources,
  record: Recorder,
): Promise<void> {
  const { measures } = context.configuration;
  const { progress } = context;
  progress.start(series.files.length, "norms");
  const norms: Float64Array[] = [];
  for (let index = 0; index < series.files.length; index++) {
    norms.push(parameterNorms(sources.at(index)));
    await progress.update(index + 1);
    if (context.signal.aborted) return;
  }
  progress.stop();
  const key = { layer: -1, head: -1, circuit: "all", matrix: "all parameters", index: 0 };
  norms[0].forEach((_, replica) => {
    const points = norms.flatMap((all, index) => {
      const value = all[replica];
      return Number.isFinite(value) ? [{ step: series.files[index].step, value }] : [];
    });
    const put = (measure: MeasureName, values: ArrayLike<number>) =>
      points.forEach(({ step }, index) => record({ ...key, measure }, replica, step, values[index]));
    const values = points.map(({ value }) => value);
    if (measures.includes("parameter-norm")) put("parameter-norm", values);
    if (measures.includes("norm-curvature") && points.length >= 3) {
      put("norm-curvature", curvature(points.map(({ step }) => step), values));
    }
  });
}
