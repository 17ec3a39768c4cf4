/**
 * Measurements as one small file: a line of JSON for every curve, gzipped. Numbers in single precision are written with the
 * fewest digits that give them back, so that they take a third of the room that a log takes when it is compressed.
 *
 * ```txt
 * {"kind":"measure","series":"main","quantity":"loss","replica":0,"steps":[0,10],"float32":[2.5,0.1]}
 * {"kind":"theory","theory":"flow","series":"main","quantity":"loss","steps":[0,10],"float64":[2.5,0.1]}
 * ```
 *
 * @module
 */
import { Measurements } from "./measurements.ts";

interface ArchivedCurve {
  readonly kind: "measure" | "theory";
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
    let key = "";
    let [steps, values]: [number[], number[]] = [[], []];
    const end = () => {
      if (steps.length > 0) lines.push(`${key.slice(0, -1)},"steps":${JSON.stringify(steps)},${numbers(values)}}\n`);
      [steps, values] = [[], []];
    };
    for (const { step, value, ...of } of all) {
      const next = JSON.stringify({ kind, ...of });
      if (next !== key) end();
      key = next;
      steps.push(step);
      values.push(value);
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
    const { steps, float32, float64, ...of }: ArchivedCurve = JSON.parse(line);
    const values = float32?.map(Math.fround) ?? float64;
    if (values?.length !== steps?.length) throw new SyntaxError(`expected as many values as steps, found ${line}`);
    return steps.map((step, index) => ({ ...of, step, value: values![index] }));
  });
  return await Measurements.from(rows);
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
