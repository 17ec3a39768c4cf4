import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { curves } from "../../lib/figures/mod.ts";
import { UserError } from "../../lib/io/errors.ts";
import { LiveFigure } from "../../lib/run/mod.ts";
import { finished, inFolder } from "./subprocess.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** Output of a cell, as a notebook keeps it: texts may be lists of lines. */
interface Output {
  readonly output_type: string;
  readonly data: {
    readonly "application/vnd.vegalite.v6+json": {
      readonly datasets: Readonly<Record<string, { readonly x: number }[]>>;
    };
    readonly "image/svg+xml": string | readonly string[];
    readonly "text/plain": string | readonly string[];
  };
}

const lossOf = (y: number[]) =>
  curves({ title: "Loss", lines: { main: [{ x: y.map((_, x) => x), y }] }, y: { title: "loss" } });

Deno.test("a live figure is shown once, and replaced in place from then on; outside of a notebook it says so", async () => {
  const sent: [string, { data: Record<string, unknown>; transient: { display_id: string } }][] = [];
  const live = new LiveFigure((type, content) => Promise.resolve(void sent.push([type, content as never])));
  await live.show(null);
  await live.show(lossOf([2, 1]));
  await live.show(lossOf([2, 1, 0.5]));
  assertEquals(sent.map(([type]) => type), ["display_data", "update_display_data"]);
  const [first, second] = sent.map(([, content]) => content);
  assertEquals(first.transient, second.transient);
  assertMatch(String(second.data["image/svg+xml"]), /^<svg .*<title>Loss<\/title>/);
  assert(first.data["image/svg+xml"] !== second.data["image/svg+xml"]);
  assertThrows(() => new LiveFigure(), UserError, "expected a notebook of deno jupyter");
});

/** A Python that can execute notebooks; undefined where there is none. */
async function pythonWithJupyter(): Promise<string | undefined> {
  for (const python of ["python3", "/usr/bin/python3"]) {
    try {
      if ((await finished(python, ["-c", "import nbclient"], root)).code === 0) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

Deno.test("the example notebook runs: its live figure ends as the last one, and a figure that ends a cell displays itself", () =>
  inFolder(async (folder) => {
    const python = await pythonWithJupyter();
    if (python === undefined) return console.log("skipped: needs Python's nbclient (apt-get install python3-nbclient)");
    const script = fromFileUrl(import.meta.resolve("./execute_notebook.py"));
    const args = [script, `${root}experiments/examples/notebook.ipynb`, Deno.execPath(), `${folder}/jupyter`];
    const { code, stdout, stderr } = await finished(python, args, folder);
    assertEquals(code, 0, stderr);
    const cells: { cell_type: string; outputs: Output[] }[] = JSON.parse(stdout).cells;
    const [, live, last] = cells.filter(({ cell_type }) => cell_type === "code").map(({ outputs }) => outputs);
    assertEquals(live.map(({ output_type }) => output_type), ["display_data"]);
    assertEquals(last.map(({ output_type }) => output_type), ["execute_result"]);
    assertEquals(live[0].data, last[0].data);
    const { "application/vnd.vegalite.v6+json": spec, "image/svg+xml": svg, "text/plain": text } = last[0].data;
    assertEquals(Math.max(...Object.values(spec.datasets).flat().map(({ x }) => x)), 500);
    assertStringIncludes([svg].flat().join(""), "What each mode has learned");
    assertStringIncludes([text].flat().join(""), "a = p q against step");
  }));
