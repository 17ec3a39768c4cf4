import { assertEquals, assertRejects } from "@std/assert";
import { draw } from "../../lib/tools/draw.ts";
import { FigureError, type Spec } from "../../lib/figures/spec.ts";
import { writeFigure } from "../../lib/figures/write.ts";
import { UserError } from "../../lib/io/errors.ts";
import { readManifest } from "../../lib/run/manifest.ts";
import { runExperiment } from "../../lib/run/main.ts";
import { experiment } from "../run/fixtures/decay.ts";
import { decay, inFolder } from "../run/subprocess.ts";

Deno.test("figures of a run are drawn again as they were, with a PNG; a changed specification is drawn as it says", () =>
  inFolder(async (root) => {
    Deno.mkdirSync(`${root}/figures`);
    const spec: Spec = {
      title: "Loss",
      description: "A line.",
      data: { values: [1, 2].map((x) => ({ x, value: x / 3 })) },
      mark: "line",
      encoding: {
        x: { field: "x", type: "quantitative", title: "step" },
        y: { field: "value", type: "quantitative", title: "loss" },
      },
    };
    const write = (path: string, content: string | Uint8Array) =>
      Promise.resolve(Deno.writeTextFileSync(`${root}/${path}`, String(content)));
    await writeFigure(write, "loss", spec);
    const [file, svg] = ["vl.json", "svg"].map((ending) => `${root}/figures/loss.${ending}`);
    const before = Deno.readTextFileSync(svg);
    assertEquals((await draw(root)).written, [svg, `${root}/figures/loss.png`]);
    assertEquals(Deno.readTextFileSync(svg), before);
    assertEquals(Deno.readFileSync(`${root}/figures/loss.png`).slice(1, 4), new TextEncoder().encode("PNG"));

    Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace('"step"', '"time"'));
    await draw(file);
    assertEquals(Deno.readTextFileSync(svg).includes(">time</text>"), true);
    await assertRejects(() => draw(`${root}/nothing`), UserError, "expected a run folder with figures or a *.vl.json");
    Deno.writeTextFileSync(file, '{"mark": "lien"}');
    await assertRejects(() => draw(`${root}/figures`), FigureError);
    Deno.writeTextFileSync(file, "{");
    await assertRejects(() => draw(file), UserError, `expected JSON in ${file}`);
  }));

Deno.test("figures of a run are drawn anew from its log, entered in its manifest, and from specifications where it is unknown", () =>
  inFolder(async (root) => {
    const out = `${root}/run`;
    await runExperiment(experiment, ["--preset=short", "--quiet", `--out=${out}`]);
    const files = ["vl.json", "svg"].map((ending) => `${out}/figures/x.${ending}`);
    const before = files.map((file) => Deno.readTextFileSync(file));
    Deno.writeTextFileSync(files[0], before[0].replace("against step", "of the first kind"));
    const { written, fromLog } = await draw(out);
    assertEquals([written.length, fromLog], [2, false]);
    assertEquals(Deno.readTextFileSync(files[1]).includes("of the first kind"), true);
    Deno.removeSync(`${out}/figures/x.png`);
    assertEquals((await draw(out, { experiment: decay, png: false })).written, files);
    files.forEach((file) => Deno.removeSync(file));
    const anew = await draw(out, { experiment: decay });
    assertEquals([anew.written, anew.fromLog], [[...files, `${out}/figures/x.png`], true]);
    assertEquals(files.map((file) => Deno.readTextFileSync(file)), before);
    const { files: index } = readManifest(out);
    for (const { path, bytes } of index) assertEquals(Deno.statSync(`${out}/${path}`).size, bytes, path);
    assertEquals(index.at(-1)!.path, "figures/x.png");
  }));
