/**
 * The worker of `--plugin`: takes measures of one's own, matrix by matrix.
 *
 * @module
 */
import type { OwnMeasure, OwnMeasures, PluginAnswer, PluginRequest } from "./plugin.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<PluginRequest>) => Promise<void>;
  postMessage(answer: PluginAnswer): void;
};
let measures: [name: string, measure: OwnMeasure][] = [];

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage("load" in data ? await load(data.load) : { values: measures.map((own) => valueOf(own, data)) });
  } catch (error) {
    scope.postMessage({ error: (error instanceof Error ? error.message : String(error)).split("\n")[0] });
  }
};

async function load(url: string): Promise<PluginAnswer> {
  const { measures: found } = await import(url) as { measures?: OwnMeasures };
  measures = Object.entries(found ?? {});
  const stray = measures.find(([name, own]) =>
    !/^[a-z][\w -]*$/i.test(name) || Number("ofSpectrum" in own) + Number("ofMatrix" in own) !== 1
  );
  if (measures.length === 0 || stray !== undefined) {
    throw new Error(
      "expected `export const measures = { NAME: { ofSpectrum: (s) => … } }` (or ofMatrix), names of letters, digits, _, - and " +
        `blanks, found ${stray === undefined ? "none" : JSON.stringify(stray[0])}`,
    );
  }
  return { names: measures.map(([name]) => name), wantsMatrix: measures.some(([, own]) => "ofMatrix" in own) };
}

function valueOf(
  [name, own]: [name: string, measure: OwnMeasure],
  { s, shape, matrix }: Exclude<PluginRequest, { readonly load: string }>,
): number {
  let value: unknown;
  try {
    value = "ofSpectrum" in own ? own.ofSpectrum(s, shape) : own.ofMatrix(matrix!);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== "number") throw new Error(`${name}: expected a number, found ${typeof value}`);
  return value;
}
