import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { figure } from "../../lib/figures/compose.ts";
import { MEASURES } from "../../lib/tools/measure/measures.ts";
import { spectrumFigure } from "../../lib/tools/measure/figures.ts";
import { fontCharacters, missingGlyphs } from "./glyphs.ts";

const GALLERY = fromFileUrl(import.meta.resolve("../../results/gallery"));

const known = await fontCharacters();

/** Entries of a folder. */
const namesIn = (folder: string) => [...Deno.readDirSync(folder)];

Deno.test("glyphs: of the font are found, and an empty box is told", () => {
  assertEquals(missingGlyphs("AZaz09 −×·…–≥‖²⁻₁ηθστ∞", known), []);
  const spec = figure({ title: "⌈rank⌉", description: "Both" }, {}, []);
  assertEquals(missingGlyphs(spec, known).map(({ character, text }) => character + text), ["⌈⌈rank⌉", "⌉⌈rank⌉"]);
});

Deno.test("glyphs: the font has all that the tool's figures use", () => {
  assertEquals(missingGlyphs(MEASURES, known), []);
  assertEquals(missingGlyphs(spectrumFigure([{ panel: "layer 0 QK", step: 1, logs: [0, -1] }]), known), []);
});

Deno.test("glyphs: the font has all that the kept figures of every experiment use", () => {
  const figures = namesIn(GALLERY).filter(({ isDirectory }) => isDirectory).flatMap(({ name }) =>
    namesIn(`${GALLERY}/${name}/figures`).map((file) => `${GALLERY}/${name}/figures/${file.name}`)
  ).filter((path) => path.endsWith(".vl.json"));
  assertEquals(figures.length > 20, true);
  for (const path of figures) assertEquals(missingGlyphs(JSON.parse(Deno.readTextFileSync(path)), known), [], path);
});
