import { assertEquals, assertRejects } from "@std/assert";
import { draw } from "../../lib/tools/draw.ts";
import { figure } from "../../lib/figures/compose.ts";
import { theoryLine } from "../../lib/figures/marks.ts";
import { FigureError } from "../../lib/figures/spec.ts";
import { writeFigure } from "../../lib/figures/write.ts";
import { UserError } from "../../lib/io/errors.ts";
import { inFolder } from "../run/subprocess.ts";

Deno.test("figures of a run are drawn again as they were, with a PNG; a changed specification is drawn as it says", () =>
  inFolder(async (root) => {
    Deno.mkdirSync(`${root}/figures`);
    const rows = [1, 2].map((x) => ({ x, value: x / 3, series: "exact flow" }));
    const frame = { x: { title: "step" }, y: { title: "loss" }, sources: ["exact flow"] as const };
    const spec = figure({ title: "Loss", description: "A line." }, { theory: rows }, [theoryLine(frame, "theory")]);
    const write = (path: string, content: string | Uint8Array) =>
      Promise.resolve(Deno.writeTextFileSync(`${root}/${path}`, String(content)));
    await writeFigure(write, "loss", spec);
    const [file, svg] = ["vl.json", "svg"].map((ending) => `${root}/figures/loss.${ending}`);
    const before = Deno.readTextFileSync(svg);
    assertEquals(await draw(root), [svg, `${root}/figures/loss.png`]);
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
