/**
 * Measurements as one small file: a line of JSON for every curve, or for those of several replicas at the same steps, gzipped. Numbers in single precision are written with the
 * fewest digits that give them back, so that they take a third of the room that a log takes when it is compressed.
 *
 * ```txt
 * {"kind":"measure","series":"main","quantity":"loss","replica":0,"steps":[0,10],"float32":[2.5,0.1]}
 * {"kind":"measure","series":"main","quantity":"rank","replicas":[0,1],"steps":[0,10],"float32":[3,2,3,1.5]}
 * {"kind":"theory","theory":"flow","series":"main","quantity":"loss","steps":[0,10],"float64":[2.5,0.1]}
 * ```
 *
 * @module
 */
import { Measurements } from "./measurements.ts";

interface ArchivedCurve {
  readonly kind: "measure" | "theory";
  /** Replicas whose curves follow one another in the values; without them, one curve. */
  readonly replicas?: readonly number[];
  readonly steps: readonly number[];
  readonly float32?: readonly number[];
  readonly float64?: readonly number[];
}

/**
 * Packs measurements.
 *
 * @param measured Numbers of replicas and of theories.
 * @returns Bytes of a gzipped NDJSON file; the same for the same measurements.
 *
 * @example
 * ```ts
 * import { packMeasurements, unpackMeasurements } from "./archive.ts";
 * import { Measurements } from "./measurements.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const measured = new Measurements();
 * measured.add({ series: "main", quantity: "loss", step: 3, replica: 0, value: 0.1 });
 * const again = await unpackMeasurements(await packMeasurements(measured));
 * assertEquals(again.last({ series: "main", quantity: "loss" }), [0.1]);
 * ```
 */
export async function packMeasurements(measured: Measurements): Promise<Uint8Array> {
  const lines: string[] = [];
  const rows = { measure: measured.rows(), theory: measured.theoryRows() };
  for (const [kind, all] of Object.entries(rows)) {
    let curves: Curve[] = [];
    const end = () => {
      if (curves.length > 0) lines.push(lineOf(kind, curves));
      curves = [];
    };
    for (const curve of curvesOf(all)) {
      const [first] = curves;
      if (first === undefined || !joins(first, curve)) end();
      curves.push(curve);
    }
    end();
  }
  const text = new Blob(lines).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(text).arrayBuffer());
}

/**
 * Unpacks measurements, bit for bit as they were packed.
 *
 * @param bytes What {@linkcode packMeasurements} made.
 * @returns The measurements.
 * @throws {SyntaxError} If the bytes are none of such a file.
 */
export async function unpackMeasurements(bytes: Uint8Array): Promise<Measurements> {
  let text: string;
  try {
    text = await new Response(
      new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip")),
    ).text();
  } catch (cause) {
    throw new SyntaxError("expected gzipped measurements, found other bytes", { cause });
  }
  const rows = text.split("\n").filter((line) => line !== "").flatMap((line) => {
    const { steps, replicas, float32, float64, ...of }: ArchivedCurve = JSON.parse(line);
    const values = float32?.map(Math.fround) ?? float64;
    if (values?.length !== steps?.length * (replicas?.length ?? 1)) {
      throw new SyntaxError(`expected as many values as steps, found ${line}`);
    }
    const places: readonly { readonly replica?: number }[] = replicas?.map((replica) => ({ replica })) ?? [{}];
    return places.flatMap((place, curve) =>
      steps.map((step, index) => ({ ...of, ...place, step, value: values![curve * steps.length + index] }))
    );
  });
  return await Measurements.from(rows);
}

/** Numbers of one place and replica, in the order of rows. */
interface Curve {
  /** Columns of the rows beside step, value and replica. */
  readonly of: string;
  readonly replica: number | undefined;
  readonly steps: number[];
  readonly values: number[];
}

function curvesOf(
  rows: Iterable<{ readonly step: number; readonly value: number; readonly replica?: number }>,
): Curve[] {
  const curves: Curve[] = [];
  let key = "";
  for (const { step, value, replica, ...rest } of rows) {
    const of = JSON.stringify(rest);
    const next = `${of} ${replica}`;
    if (next !== key) curves.push({ of, replica, steps: [], values: [] });
    key = next;
    const curve = curves[curves.length - 1];
    curve.steps.push(step);
    curve.values.push(value);
  }
  return curves;
}

/** Whether a curve is that of another replica at the same place and steps. */
function joins(first: Curve, { of, replica, steps }: Curve): boolean {
  return replica !== undefined && first.replica !== undefined && of === first.of && steps.join() === first.steps.join();
}

function lineOf(kind: string, curves: readonly Curve[]): string {
  const [{ of, replica, steps }] = curves;
  const replicas = curves.length > 1
    ? { replicas: curves.map((curve) => curve.replica) }
    : replica === undefined
    ? {}
    : { replica };
  const head = JSON.stringify({ kind, ...JSON.parse(of), ...replicas, steps });
  return `${head.slice(0, -1)},${numbers(curves.flatMap(({ values }) => values))}}\n`;
}

function numbers(values: readonly number[]): string {
  const single = values.every((value) => Math.fround(value) === value);
  return single ? `"float32":[${values.map(shortest)}]` : `"float64":${JSON.stringify(values)}`;
}

/** Fewest digits that give a number of single precision back when what they say is rounded to single precision. */
function shortest(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}
