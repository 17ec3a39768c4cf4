/**
 * The tool that measures checkpoints, as an experiment.
 *
 * @module
 */
import { writeFigure } from "../../figures/write.ts";
import { UserError } from "../../io/errors.ts";
import { curvature } from "../../metrics/curvature.ts";
import { marginalEffectiveRanks } from "../../metrics/spectrum.ts";
import { rankRule } from "../../metrics/subspace.ts";
import { defineExperiment, type Experiment, type RunContext } from "../../run/experiment.ts";
import type { Configuration } from "../../run/option.ts";
import {
  type AuditFinding,
  coincidingReplicas,
  filesOf,
  type Fingerprint,
  repeatedWeights,
  spectrumFindings,
} from "./audit.ts";
import { measureColumns } from "./columns.ts";
import { changeFamily } from "./delta.ts";
import { describePlan, type PlannedSeries } from "./describe.ts";
import { evaluateFamily } from "./evaluate.ts";
import { ALL_PARAMETERS, measureFigures } from "./figures.ts";
import { LAYOUTS } from "./layouts.ts";
import { type Measure, type MeasureName, MEASURES } from "./measures.ts";
import { measureOptions } from "./options.ts";
import { scanParameters } from "./parameter_norms.ts";
import { type Family, planCheckpoint } from "./plan.ts";
import { chosenSteps, findSeries } from "./series.ts";
import { Sources, type Unsound } from "./sources.ts";
import { MeanSpectra } from "./mean_spectra.ts";
import { report, reportFindings, summarise } from "./summary.ts";

const rows = (entries: readonly (readonly [string, string])[]) => {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`).join("\n");
};

const DOC = `How do the spectra and subspaces of a model's weights change over training?

Reads safetensors checkpoints of any model, matrix by matrix, and measures the circuits QK = W_Qᵀ W_K and OV = W_O W_V of
its attention heads, and its other weights. Says when each curve drops, rises, dips, or reaches its plateau.

  ./lab measure CHECKPOINTS… --plan                 what would be measured, and how it is read
  ./lab measure CHECKPOINTS… [--measures=effective-rank,subspace-distance] [--matrices=REGEX] [--circuits=auto]
  ./lab measure CHECKPOINTS… --audit                whether the checkpoints are what their names say

Measures
${rows(Object.entries(MEASURES).map(([name, { help }]) => [name, help]))}

Layouts of attention (--circuits)
${rows(LAYOUTS.map(({ id, of }) => [id, of]))}`;

type MeasureConfiguration = Configuration<typeof measureOptions>;
type MeasureContext = RunContext<typeof measureOptions, typeof measureColumns>;

const SPACES: readonly MeasureName[] = ["subspace-distance", "subspace-overlap", "principal-angles"];

/** The tool, run like an experiment: `runExperiment(measureCheckpoints, ["RUN", "--circuits=none"])`. */
export const measureCheckpoints: Experiment<typeof measureOptions, typeof measureColumns> = defineExperiment({
  name: "measure",
  doc: DOC,
  operands: { name: "CHECKPOINTS…", help: "safetensors files or folders of them; several folders are replicas" },
  options: measureOptions,
  presets: {},
  columns: measureColumns,
  claims: [],
  answer(configuration, operands) {
    if (!configuration.plan) return undefined;
    const planned = planAll(configuration, operands);
    const needs = planned.flatMap(({ plan }) => plan.needs);
    const text = describePlan(planned).join("\n");
    return { text, ...(needs.length > 0 && { error: needs[0] }) };
  },
  check: (configuration, operands) => void plannedWhole(configuration, operands),
  figures: measureFigures,
  async run(context) {
    const { configuration, operands, log, note, signal, write } = context;
    const planned = plannedWhole(configuration, operands);
    const lines = describePlan(planned);
    lines.forEach(note);
    await write("plan.txt", lines.join("\n") + "\n", "what was found, how it is read, and what is left out");
    const spectra = new MeanSpectra();
    const unsound: Unsound[] = [];
    const findings: AuditFinding[] = [];
    const prints: Fingerprint[][] = [];
    let replica = 0;
    for (const { series, plan: { families } } of planned) {
      if (signal.aborted) break;
      log("folder", { replica, name: series.name, checkpoints: series.files.length });
      using sources = new Sources(series, { delta: configuration.delta });
      const where = planned.length === 1 ? "" : `${series.name}: `;
      const work = { planned: { series, families }, sources, spectra, findings, where, first: replica };
      await measureFamilies(context, work);
      if (configuration.audit || wants(configuration, "parameter-norm", "norm-curvature")) {
        prints.push(await measureParameters(context, work));
        findings.push(...repeatedWeights(prints.at(-1)!, where));
      }
      replica += Math.max(...families.map(({ replicas }) => replicas));
      unsound.push(...sources.unsound);
    }
    findings.push(...coincidingReplicas(prints));
    spectra.measure(context);
    await reportFindings(context, findings);
    await summarise(context);
    const failing = unsound.length > 0 && !configuration["allow-nan"];
    if (signal.aborted || failing) {
      // The runner draws what has ended well.
      for (const [name, spec] of Object.entries(measureFigures(context.measured, configuration))) {
        if (spec !== null) await writeFigure(write, name, spec, { png: context.png });
      }
    }
    report(context, unsound);
  },
});

/** Series with what is measured of each; a tensor that is missing from a later step is found when it is read. */
function planAll(configuration: MeasureConfiguration, operands: readonly string[]): PlannedSeries[] {
  const pattern = configuration["step-pattern"];
  const { circuits, matrices, heads, fused, axes, measures, steps } = configuration;
  const spaces = SPACES.some((measure) => measures.includes(measure));
  const planned = findSeries(operands, pattern instanceof RegExp ? pattern : undefined).map((all) => {
    const series = chosenSteps(all, steps);
    using sources = new Sources(series);
    const last = sources.at(series.files.length - 1);
    return { series, plan: planCheckpoint(last, { circuits, matrices, heads, fused, axes, spaces }) };
  });
  const [first, ...others] = planned;
  for (const { series, plan } of others) {
    const shape = ({ name, heads, sizes: { M, N, D } }: Family) => `${name} of ${heads} × [${M}, ${N}] by ${D}`;
    const [own, theirs] = [first.plan, plan].map(({ families }) => families.map(shape));
    const stray = theirs.find((text) => !own.includes(text)) ?? own.find((text) => !theirs.includes(text));
    if (stray !== undefined) {
      throw new UserError(
        `expected folders of one model as replicas, found ${stray} in ${
          theirs.includes(stray) ? series.name : first.series.name
        } alone; measure different models one by one`,
      );
    }
  }
  return planned;
}

/** The plan, refused if something has to be told first. */
function plannedWhole(configuration: MeasureConfiguration, operands: readonly string[]): PlannedSeries[] {
  const planned = planAll(configuration, operands);
  const need = planned.flatMap(({ plan }) => plan.needs)[0];
  if (need !== undefined) throw need;
  return planned;
}

function wants({ measures }: MeasureConfiguration, ...names: readonly MeasureName[]): boolean {
  return names.some((name) => measures.includes(name));
}

/** What a replica's number belongs to. */
interface At {
  readonly series: string;
  readonly step: number;
  readonly replica: number;
  readonly layer?: number;
  readonly head?: number;
  readonly index?: number;
}

/** Logs a number; one that is not defined (0/0) is left out. */
function put({ measure }: MeasureContext, { replica, ...at }: At, quantity: string, value: number): void {
  if (Number.isFinite(value)) measure(at, { [quantity]: [...new Array<null>(replica).fill(null), value] });
}

interface SeriesWork {
  readonly planned: { readonly series: PlannedSeries["series"]; readonly families: readonly Family[] };
  readonly sources: Sources;
  readonly spectra: MeanSpectra;
  readonly findings: AuditFinding[];
  /** What stands before findings. */
  readonly where: string;
  /** Number of the series' first replica. */
  readonly first: number;
}

async function measureFamilies(context: MeasureContext, work: SeriesWork): Promise<void> {
  const { configuration: { measures, marginal, delta, audit }, progress, signal } = context;
  const { planned: { series, families }, sources, spectra, findings, where, first } = work;
  const steps = series.files.length;
  const wanted = {
    distance: !audit && measures.includes("subspace-distance"),
    overlap: !audit && measures.includes("subspace-overlap"),
    angles: !audit && measures.includes("principal-angles"),
  };
  progress.start(families.length * steps, series.name);
  for (const [number, family] of families.entries()) {
    if (signal.aborted) break;
    const { circuit, layer, heads, sizes: { M, N, D }, factored } = family;
    // After Ctrl-C the remaining steps are gaps.
    const load = (step: number) => signal.aborted ? null : sources.read(family, step);
    const full = circuit === "matrix" ? null : Math.min(M, N, D);
    const last = new Map<number, Float32Array>();
    await evaluateFamily(delta ? changeFamily(family) : family, steps, load, wanted, async (index, found) => {
      const { step } = series.files[index];
      for (const [place, { s, distance, overlap, angles }] of found.entries()) {
        // Weights near the end of single precision: their spectrum, and all that follows from it, is left out.
        if (!s.every((value) => Number.isFinite(value))) continue;
        const name = family.series[place % heads];
        const at = {
          series: name,
          step,
          replica: first + Math.floor(place / heads),
          ...(layer !== undefined && { layer }),
          ...(circuit !== "matrix" && { head: place % heads }),
        };
        spectra.add(circuit === "matrix" ? (layer === undefined ? name : "weights") : name, layer, step, s);
        last.set(place, s);
        const title = `${layer === undefined ? "" : `layer ${layer} `}${name}${
          circuit === "matrix" ? "" : ` head ${place % heads}`
        }${at.replica > 0 ? ` of replica ${at.replica}` : ""}`;
        const narrow = circuit !== "matrix" && D < Math.min(M, N);
        if (!delta) {
          const cut = narrow || !(audit || wanted.distance || wanted.overlap || wanted.angles) || index < steps - 1
            ? null
            : rankRule(s);
          findings.push(...spectrumFindings(s, factored ? full : null, cut, `${where}${title} at step ${step}`));
        }
        if (audit) continue;
        for (const measure of measures) {
          const about: Measure = MEASURES[measure];
          const one = (value: number) => put(context, at, measure, value);
          const each = (value: number, index: number) => put(context, { ...at, index }, measure, value);
          if (about.ofSpectrum) one(about.ofSpectrum(s));
          else if (measure === "marginal-rank") {
            marginalEffectiveRanks(s, Math.min(marginal, s.length - 1)).forEach(each);
          } else if (measure === "spectrum") s.forEach(each);
          else if (measure === "subspace-distance" && distance !== undefined) one(distance);
          else if (measure === "subspace-overlap" && overlap !== undefined) one(overlap);
          else if (measure === "principal-angles") angles?.forEach(each);
        }
      }
      await progress.update(number * steps + index + 1);
    });
  }
  progress.stop();
}

/** Norms of all parameters, and fingerprints that show what several steps share. */
async function measureParameters(
  context: MeasureContext,
  { planned: { series }, sources, first }: SeriesWork,
): Promise<Fingerprint[]> {
  const { measures, delta, audit } = context.configuration;
  const { progress, note } = context;
  progress.start(series.files.length, "all parameters");
  const prints: Fingerprint[] = [];
  const norms: { readonly step: number; readonly norms: Float64Array }[] = [];
  for (const [index, { step }] of series.files.entries()) {
    if (context.signal.aborted) break;
    const source = sources.at(index);
    const scan = scanParameters(source, delta ? sources.at(0) : undefined);
    norms.push({ step, norms: scan.norms });
    prints.push({ step, hashes: scan.hashes, files: filesOf(source) });
    if (scan.unsound.length > 0 && wants(context.configuration, "parameter-norm", "norm-curvature")) {
      const [{ tensor, entries }] = scan.unsound;
      note(
        `warning: no norm of all parameters at step ${step}: ${entries} entries of ${
          JSON.stringify(tensor)
        } are NaN or infinite`,
      );
    }
    await progress.update(index + 1);
  }
  progress.stop();
  for (let r = 0; !audit && r < (norms[0]?.norms.length ?? 0); r++) {
    const points = norms.flatMap(({ step, norms: own }) => Number.isFinite(own[r]) ? [{ step, value: own[r] }] : []);
    const values = points.map(({ value }) => value);
    const curve = (measure: MeasureName, y: ArrayLike<number>) =>
      points.forEach(({ step }, index) =>
        put(context, { series: ALL_PARAMETERS, step, replica: first + r }, measure, y[index])
      );
    if (measures.includes("parameter-norm")) curve("parameter-norm", values);
    if (measures.includes("norm-curvature") && points.length >= 3) {
      curve("norm-curvature", curvature(points.map(({ step }) => step), values));
    }
  }
  return prints;
}
