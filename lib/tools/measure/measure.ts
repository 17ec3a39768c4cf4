/**
 * The tool that measures checkpoints, as an experiment.
 *
 * @module
 */
import { writeFigure } from "../../figures/write.ts";
import { UserError } from "../../io/errors.ts";
import { curvature } from "../../metrics/curvature.ts";
import { marginalEffectiveRanks } from "../../metrics/spectrum.ts";
import { marchenkoPasturEdge } from "../../metrics/spectrum_shape.ts";
import { rankRule } from "../../metrics/subspace.ts";
import { defineExperiment, type Experiment, type RunContext } from "../../run/experiment.ts";
import type { Configuration } from "../../run/option.ts";
import { mean, standardDeviation } from "../../statistics/summary.ts";
import type { Quantity } from "../../study/measurements.ts";
import {
  type AuditFinding,
  coincidingReplicas,
  filesOf,
  type Fingerprint,
  repeatedWeights,
  spectrumFindings,
} from "./audit.ts";
import { activationNumbers } from "./activations.ts";
import type { AttentionPlaces } from "./circuits.ts";
import { measureColumns } from "./columns.ts";
import { ComposingHead } from "./composition.ts";
import { RANDOM_HEADS } from "./composition_figures.ts";
import { changeFamily } from "./delta.ts";
import { describePlan, type PlannedSeries } from "./describe.ts";
import { evaluateFamily, type Factors, type Finding, lastSpaces } from "./evaluate.ts";
import { ALL_PARAMETERS, measureFigures } from "./figures.ts";
import { LAYOUTS } from "./layouts.ts";
import { type Measure, type MeasureName, MEASURES } from "./measures.ts";
import { CHANCE, chanceRange, LARGE, nullDraws, PERMUTED, permuted } from "./null.ts";
import { measureOptions } from "./options.ts";
import { Plugin } from "./plugin.ts";
import { scanParameters } from "./parameter_norms.ts";
import { type Family, planCheckpoint } from "./plan.ts";
import { type CheckpointSeries, chosenSteps, findSeries } from "./series.ts";
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
  ./lab measure RUN OTHER --compare                 two runs or models side by side
  ./lab measure CHECKPOINTS… --plugin=mine.ts       with measures of your own
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
    const text = describePlan(planned, configuration.compare).join("\n");
    return { text, ...(needs.length > 0 && { error: needs[0] }) };
  },
  check: (configuration, operands) => void activationsOf(configuration, plannedWhole(configuration, operands)),
  figures: measureFigures,
  async run(context) {
    const { configuration, operands, log, note, signal, write } = context;
    const planned = plannedWhole(configuration, operands);
    const lines = describePlan(planned, configuration.compare);
    lines.forEach(note);
    await write("plan.txt", lines.join("\n") + "\n", "what was found, how it is read, and what is left out");
    const spectra = new MeanSpectra();
    const unsound: Unsound[] = [];
    const findings: AuditFinding[] = [];
    const prints: Fingerprint[][] = [];
    using plugin = configuration.plugin === undefined || configuration.audit
      ? null
      : await Plugin.load(configuration.plugin);
    const names = configuration.compare ? distinctNames(planned.map(({ series }) => series.name)) : [];
    let replica = 0;
    const activations = activationsOf(configuration, planned);
    for (const [which, { series, plan: { families, attention } }] of planned.entries()) {
      if (signal.aborted) break;
      if (configuration.compare) replica = 0;
      log("folder", { replica, name: series.name, checkpoints: series.files.length });
      using sources = new Sources(series, { delta: configuration.delta });
      const where = planned.length === 1 ? "" : `${series.name}: `;
      const of = configuration.compare ? `${names[which]}: ` : "";
      const work = { planned: { series, families }, sources, spectra, findings, where, first: replica, of, plugin };
      await measureFamilies(context, work);
      if (!configuration.audit && wants(configuration, "composition")) await measureComposition(context, work);
      if (activations !== null) await measureActivations(context, work, activations[which], attention);
      if (configuration.audit || wants(configuration, "parameter-norm", "norm-curvature")) {
        prints.push(await measureParameters(context, work));
        findings.push(...repeatedWeights(prints.at(-1)!, where));
      }
      replica += Math.max(...families.map(({ replicas }) => replicas));
      unsound.push(...sources.unsound);
    }
    if (!configuration.compare) findings.push(...coincidingReplicas(prints));
    spectra.measure(context);
    await reportFindings(context, findings);
    await summarise(context, plugin?.names ?? []);
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
  for (const { series, plan } of configuration.compare ? [] : others) {
    const shape = ({ name, heads, sizes: { M, N, D } }: Family) => `${name} of ${heads} × [${M}, ${N}] by ${D}`;
    const [own, theirs] = [first.plan, plan].map(({ families }) => families.map(shape));
    const stray = theirs.find((text) => !own.includes(text)) ?? own.find((text) => !theirs.includes(text));
    if (stray !== undefined) {
      throw new UserError(
        `expected folders of one model as replicas, found ${stray} in ${
          theirs.includes(stray) ? series.name : first.series.name
        } alone; --compare sets different models beside each other`,
      );
    }
  }
  return planned;
}

/** Series of activations, one for each series of checkpoints; null if none are asked for. */
function activationsOf(
  { activations, audit }: MeasureConfiguration,
  planned: readonly PlannedSeries[],
): readonly CheckpointSeries[] | null {
  if (activations === undefined || audit) return null;
  const found = activations.split(",").flatMap((folder) => findSeries([folder]));
  if (found.length === planned.length) return found;
  throw new UserError(
    `expected --activations to name ${planned.length} ${
      planned.length === 1 ? "folder" : "folders"
    }, one for each of the ` +
      `checkpoints', found ${found.length}`,
  );
}

/** Folders' names, told apart by as much of their paths as is needed. */
function distinctNames(paths: readonly string[]): string[] {
  const parts = paths.map((path) => path.split(/[\\/]/).filter((part) => part !== "" && part !== "."));
  for (let length = 1;; length++) {
    const names = parts.map((own) => own.slice(-length).join("/"));
    if (new Set(names).size === names.length) return names;
    if (parts.every((own) => own.length <= length)) return names.map((name, index) => `${name} (${index + 1})`);
  }
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

/** Step and place that a replica's number belongs to. */
interface At {
  readonly series: string;
  readonly step: number;
  readonly replica: number;
  readonly layer?: number;
  readonly head?: number;
  readonly index?: number;
}

/** Logs a number; one that is not defined (0/0) is left out. */
function put({ measure }: MeasureContext, at: At, quantity: string, value: number): void {
  if (Number.isFinite(value)) measure(at, { [quantity]: [value] });
}

interface SeriesWork {
  readonly planned: { readonly series: PlannedSeries["series"]; readonly families: readonly Family[] };
  readonly sources: Sources;
  readonly spectra: MeanSpectra;
  readonly findings: AuditFinding[];
  /** Words before findings. */
  readonly where: string;
  /** Number of the series' first replica. */
  readonly first: number;
  /** Words before names of series: which of several folders that are compared. */
  readonly of: string;
  /** Measures of one's own. */
  readonly plugin: Plugin | null;
}

async function measureFamilies(context: MeasureContext, work: SeriesWork): Promise<void> {
  const { configuration: { measures, delta, audit, null: withNull }, progress, signal } = context;
  const { planned: { series, families }, sources, spectra, findings, where, first, of: prefix, plugin } = work;
  const steps = series.files.length;
  const wanted = {
    distance: !audit && measures.includes("subspace-distance"),
    overlap: !audit && measures.includes("subspace-overlap"),
    angles: !audit && measures.includes("principal-angles"),
  };
  const spaces = wanted.distance || wanted.overlap || wanted.angles;
  const drawsOf = ({ sizes: { M, N }, factored }: Family) =>
    withNull && !audit ? nullDraws(steps, factored ? 0 : M * N) : [];
  const total = families.reduce((sum, family) => sum + steps + drawsOf(family).length, 0);
  progress.start(total, series.name, 0, workShares(families, (family) => steps + drawsOf(family).length));
  let done = 0;
  const shapes = new Map<string, ShapeNulls>();
  for (const planned of families) {
    if (signal.aborted) break;
    const family = delta ? changeFamily(planned) : planned;
    const draws = drawsOf(planned);
    const { circuit, layer, heads, factored } = family;
    const { M, N, D } = planned.sizes;
    // After Ctrl-C the remaining steps are gaps.
    const read = (step: number) => signal.aborted ? null : sources.read(planned, step);
    // A measure of one's own may want the matrices themselves, which are kept until their findings are there.
    const kept = new Map<number, Factors>();
    const load = (step: number) => {
      const factors = read(step);
      if (plugin?.wantsMatrix && factors !== null) kept.set(step, factors);
      return factors;
    };
    const full = circuit === "matrix" ? null : Math.min(M, N, D);
    const narrow = full !== null && D < Math.min(M, N);
    const final = spaces ? await lastSpaces(family, steps, read) : null;
    const placeOf = (place: number) => ({
      series: prefix + family.series[place % heads],
      ...(layer !== undefined && { layer }),
      ...(circuit !== "matrix" && { head: place % heads }),
    });
    const norms = new Map<string, number>();
    await evaluateFamily(family, steps, load, wanted, async (index, found) => {
      const { step } = series.files[index];
      for (const [place, finding] of found.entries()) {
        const { s } = finding;
        // Weights near the end of single precision: their spectrum, and all that follows from it, is left out.
        if (!s.every((value) => Number.isFinite(value))) continue;
        const of = placeOf(place);
        const replica = first + Math.floor(place / heads);
        const edge = factored ? NaN : marchenkoPasturEdge(M, N, normOf(s));
        spectra.add(circuit === "matrix" && layer !== undefined ? `${prefix}weights` : of.series, layer, step, s, edge);
        norms.set(`${index} ${place}`, normOf(s));
        const title = `${layer === undefined ? "" : `layer ${layer} `}${of.series}${
          circuit === "matrix" ? "" : ` head ${place % heads}`
        }${replica > 0 ? ` of replica ${replica}` : ""}`;
        if (!delta) {
          const cut = narrow || !(audit || spaces) || index < steps - 1 ? null : rankRule(s);
          findings.push(...spectrumFindings(s, factored ? full : null, cut, `${where}${title} at step ${step}`));
        }
        if (audit) continue;
        for (const { measure, index, value } of numbersOf(context.configuration, family, finding)) {
          put(context, { ...of, step, replica, ...(index !== undefined && { index }) }, measure, value);
        }
        for (const { measure, value } of await ownNumbers(plugin, family, kept.get(index), place, s)) {
          put(context, { ...of, step, replica }, measure, value);
        }
      }
      kept.delete(index);
      await progress.update(done + index + 1);
    }, final);
    if (signal.aborted) break;
    const drawn = new Map<string, NullNumber>();
    const loadNull = (k: number) => {
      const factors = read(draws[k].index);
      const found = factors === null ? null : permuted(family, factors, context.seed, draws[k].draw);
      if (plugin?.wantsMatrix && found !== null) kept.set(k, found);
      return found;
    };
    // Of large weights singular values alone, which cost far less than their vectors.
    const drawnOf = factored || M * N < LARGE ? wanted : { distance: false, overlap: false, angles: false };
    await evaluateFamily(family, draws.length, loadNull, drawnOf, async (k, found) => {
      const { index: at } = draws[k];
      for (const [place, finding] of found.entries()) {
        const [norm, own] = [norms.get(`${at} ${place}`), normOf(finding.s)];
        if (norm === undefined || !(own > 0)) continue;
        // Permuting the factors of a product changes its norm, which is given back.
        const s = finding.s.map((value) => value * norm / own);
        const numbers = [
          ...numbersOf(context.configuration, family, { ...finding, s }),
          ...await ownNumbers(plugin, family, kept.get(k), place, s, norm / own),
        ];
        for (const { measure, index, value } of numbers) {
          if (!Number.isFinite(value)) continue;
          const of = { ...placeOf(place), quantity: measure, ...(index !== undefined && { index }) };
          const key = JSON.stringify([of, k]);
          const entry = drawn.get(key) ?? { of, k, values: [] };
          drawn.set(key, entry);
          entry.values.push(value);
        }
      }
      kept.delete(k);
      await progress.update(done + steps + k + 1);
    }, final);
    done += steps + draws.length;
    const shape = `${circuit === "matrix"} ${M} ${N} ${D}`;
    const nulls = shapes.get(shape) ?? { draws, numbers: [] };
    shapes.set(shape, nulls);
    if (!signal.aborted) nulls.numbers.push(...drawn.values());
  }
  progress.stop();
  // Further folders are replicas of the same model, whose null is that of the first.
  if (first === 0) logNulls(context, series, shapes.values());
}

/**
 * Shares of the work that are done after some steps: a family's steps cost what its decompositions do, and what reading it does.
 */
function workShares(families: readonly Family[], stepsOf: (family: Family) => number): (step: number) => number {
  const ends: { readonly from: number; readonly until: number; readonly cost: number; readonly before: number }[] = [];
  let [step, work] = [0, 0];
  for (const family of families) {
    const { heads, replicas, factored, sizes: { M, N, D } } = family;
    const K = Math.min(M, N, D);
    const one = factored ? (M + N) * D * D + 10 * K ** 3 : M * N * K + 10 * K ** 3;
    const cost = heads * replicas * (one + 100 * (M + N) * D) + 1e6;
    const count = stepsOf(family);
    ends.push({ from: step, until: step + count, cost, before: work });
    step += count;
    work += count * cost;
  }
  return (done) => {
    const at = ends.find(({ until }) => done < until);
    return at === undefined ? 1 : (at.before + (done - at.from) * at.cost) / work;
  };
}

/** One number of a permuted matrix. */
interface NullNumber {
  readonly of: Quantity;
  /** Which draw. */
  readonly k: number;
  /** Of each replica. */
  readonly values: number[];
}

/** Nulls of the curves of matrices of one shape. */
interface ShapeNulls {
  readonly draws: ReturnType<typeof nullDraws>;
  readonly numbers: NullNumber[];
}

/**
 * Logs the nulls of curves: means over replicas, and the largest range by chance. Matrices of one shape scatter alike, and the
 * few draws of one alone would not tell how far.
 */
function logNulls(
  { theory, measured }: MeasureContext,
  { files }: PlannedSeries["series"],
  shapes: Iterable<ShapeNulls>,
): void {
  for (const { draws, numbers } of shapes) {
    const end = draws.findIndex(({ index }) => index === files.length - 1);
    const curves = [...Map.groupBy(numbers, ({ of }) => JSON.stringify(of)).values()].filter(([{ of }]) =>
      measured.replicas(of).length > 0
    );
    const ranges = new Map(
      [...Map.groupBy(curves, ([{ of: { quantity, index } }]) => `${quantity} ${index}`)].map(([key, own]) => {
        const scatter = own.flatMap((curve) => {
          const last = curve.filter(({ k }) => k >= end);
          return last[0]?.values.map((_, r) => last.map(({ values }) => values[r])) ?? [];
        }).filter((values) => values.length >= 2 && values.every((value) => value !== undefined));
        const freedom = scatter.reduce((sum, values) => sum + values.length - 1, 0);
        const squares = scatter.reduce((sum, values) => sum + (values.length - 1) * standardDeviation(values) ** 2, 0);
        return [key, freedom === 0 ? null : chanceRange(files.length, Math.sqrt(squares / freedom), freedom)];
      }),
    );
    for (const own of curves) {
      const [{ of }] = own;
      const points = own.filter(({ k }) => k <= end);
      theory(PERMUTED, of, points.map(({ k }) => files[draws[k].index].step), points.map(({ values }) => mean(values)));
      const range = ranges.get(`${of.quantity} ${of.index}`);
      if (range !== null && range !== undefined) theory(CHANCE, of, [files[files.length - 1].step], [range]);
    }
  }
}

/** Numbers of a matrix by measure. */
function* numbersOf(
  { measures, marginal }: MeasureConfiguration,
  { sizes: { M, N }, factored }: Family,
  { s, distance, overlap, angles }: Finding,
): Generator<{ readonly measure: MeasureName; readonly index?: number; readonly value: number }> {
  for (const measure of measures) {
    const about: Measure = MEASURES[measure];
    const several = measure === "marginal-rank"
      ? marginalEffectiveRanks(s, Math.min(marginal, s.length - 1))
      : measure === "spectrum"
      ? s
      : measure === "principal-angles"
      ? angles ?? []
      : [];
    for (let index = 0; index < several.length; index++) yield { measure, index, value: several[index] };
    if (measure === "tail-exponent" && !measures.includes("tail-error")) {
      yield { measure: "tail-error", value: MEASURES["tail-error"].ofSpectrum!(s, { M, N, factored }) };
    }
    if (about.ofSpectrum) yield { measure, value: about.ofSpectrum(s, { M, N, factored }) };
    else if (measure === "subspace-distance" && distance !== undefined) yield { measure, value: distance };
    else if (measure === "subspace-overlap" && overlap !== undefined) yield { measure, value: overlap };
  }
}

/** Numbers of a matrix by measures of one's own; the matrix is made of its factors where they want it. */
async function ownNumbers(
  plugin: Plugin | null,
  { sizes: { M, N, D }, factored }: Family,
  factors: Factors | undefined,
  place: number,
  s: Float32Array,
  scale = 1,
): Promise<{ readonly measure: string; readonly index?: undefined; readonly value: number }[]> {
  if (plugin === null) return [];
  const matrix = factors === undefined
    ? null
    : { data: entriesOf(factors, place, M, N, D, scale), rows: M, columns: N };
  const values = await plugin.measure(s, { M, N, factored }, matrix);
  return plugin.names.map((measure, index) => ({ measure, value: values[index] }));
}

/** Entries (M, N) of one of several matrices that are read whole or as factors A Bᵀ. */
function entriesOf({ a, b }: Factors, place: number, M: number, N: number, D: number, scale: number): Float32Array {
  if (b === undefined) return a.subarray(place * M * N, (place + 1) * M * N).map((value) => scale * value);
  const out = new Float32Array(M * N);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += a[(place * M + i) * D + d] * b[(place * N + j) * D + d];
      out[i * N + j] = scale * sum;
    }
  }
  return out;
}

function normOf(s: Float32Array): number {
  return Math.sqrt(s.reduce((sum, value) => sum + value * value, 0));
}

/** Composition of each head with the heads of earlier layers, of self-attention within each tower. */
async function measureComposition(
  context: MeasureContext,
  { planned, sources, first, of: prefix }: SeriesWork,
): Promise<void> {
  const { series: { files }, families } = planned;
  const circuits = families.filter(({ circuit, series: [name] }) => circuit !== "matrix" && !/cross/.test(name));
  const towers = [...Map.groupBy(circuits, ({ series: [name] }) => name.replace(/ ?(?:QK|OV)$/, ""))];
  context.progress.start(files.length, "composition");
  let random: { readonly series: string; readonly width: number } | undefined;
  for (const [index, { step }] of files.entries()) {
    if (context.signal.aborted) break;
    for (const [tower, own] of towers) {
      // Heads of each layer, replica by replica.
      const layers = [...Map.groupBy(own, ({ layer }) => layer)].flatMap(([layer, pair]) => {
        const [qk, ov] = (["QK", "OV"] as const).map((name) => pair.find(({ circuit }) => circuit === name));
        const factors = [qk, ov].map((family) => family === undefined ? null : sources.read(family, index));
        if (layer === undefined || !qk || !ov || factors.includes(null)) return [];
        const factorsAt = (which: 0 | 1, place: number) => {
          const { sizes: { M, N, D } } = [qk, ov][which];
          const { a, b } = factors[which]!;
          return {
            a: a.subarray(place * M * D, (place + 1) * M * D),
            b: b!.subarray(place * N * D, (place + 1) * N * D),
            width: M,
            headWidth: D,
          };
        };
        const heads = Array.from(
          { length: qk.heads * qk.replicas },
          (_, place) => new ComposingHead(factorsAt(0, place), factorsAt(1, place)),
        );
        return [{ layer, count: qk.heads, width: qk.sizes.M, heads }];
      });
      for (const later of layers) {
        for (const earlier of layers.filter(({ layer }) => layer < later.layer)) {
          for (const [place, head] of later.heads.entries()) {
            const replica = Math.floor(place / later.count);
            for (let other = 0; other < earlier.count; other++) {
              const { q, k, v } = head.with(earlier.heads[replica * earlier.count + other]);
              const words = [tower, `with layer ${earlier.layer} head ${other}`].filter((word) => word !== "");
              const at = {
                series: prefix + words.join(" "),
                step,
                replica: first + replica,
                layer: later.layer,
                head: place % later.count,
              };
              random ??= { series: at.series, width: later.width };
              put(context, at, "Q-composition", q);
              put(context, at, "K-composition", k);
              put(context, at, "V-composition", v);
            }
          }
        }
      }
    }
    await context.progress.update(index + 1);
  }
  context.progress.stop();
  if (random === undefined) return;
  const of = { series: random.series, quantity: "K-composition" };
  context.theory(RANDOM_HEADS, of, [files[files.length - 1].step], [1 / Math.sqrt(random.width)]);
}

/** Ranks, alignments, probes and circuits on activations. */
async function measureActivations(
  context: MeasureContext,
  { planned: { series }, sources, first, of: prefix }: SeriesWork,
  activations: CheckpointSeries,
  attention: readonly AttentionPlaces[],
): Promise<void> {
  const { progress, signal, note } = context;
  progress.start(activations.files.length, "activations");
  for (const number of activationNumbers(activations, series, sources, attention, note)) {
    if (signal.aborted) break;
    const { series: of, quantity, value, replica, ...at } = number;
    put(context, { ...at, series: prefix + of, replica: first + replica }, quantity, value);
    await progress.update(activations.files.findIndex(({ step }) => step === at.step) + 1);
  }
  progress.stop();
}

/** Norms of all parameters, and fingerprints that show what several steps share. */
async function measureParameters(
  context: MeasureContext,
  { planned: { series }, sources, first, of: prefix }: SeriesWork,
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
        put(context, { series: prefix + ALL_PARAMETERS, step, replica: first + r }, measure, y[index])
      );
    if (measures.includes("parameter-norm")) curve("parameter-norm", values);
    if (measures.includes("norm-curvature") && points.length >= 3) {
      curve("norm-curvature", curvature(points.map(({ step }) => step), values));
    }
  }
  return prints;
}
