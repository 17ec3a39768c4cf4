/** Every operation that gradients pass through has its gradient compared with float64, in the test beside its name. */
import { assert, assertEquals } from "@std/assert";
import { basename } from "@std/path";

const kernels = new URL("../../kernels/", import.meta.url);
const textOf = (url: URL) => Deno.readTextFileSync(url);

/** Exports of files with differentiable operations that have no gradient, and why. */
const WITHOUT_GRADIENT: Readonly<Record<string, string>> = {
  attentionPattern: "for looking at; a constant to gradients",
  fill: "has no input",
  oneHot: "has integers as input",
};

/** Operations with gradients that only other functions call: not exported, but held to the same. */
const INNER: readonly { readonly name: string; readonly file: string }[] = [
  { name: "crossEntropyRows", file: "cross_entropy.ts" },
  { name: "embeddingTransposed", file: "embedding.ts" },
  { name: "pointwiseLoss", file: "pointwise_loss.ts" },
];

/** Source of every kernel's host binding by file name. */
const sources = new Map(
  [...Deno.readDirSync(kernels)].filter(({ name }) => name.endsWith(".ts") && name !== "mod.ts")
    .map(({ name }) => [name, textOf(new URL(name, kernels))]),
);

/** Files that put operations on the tape, themselves or through others. */
function differentiableFiles(): Set<string> {
  const found = new Set(
    [...sources].filter(([, text]) => /\bdifferentiable(Many)?\(/.test(text)).map(([name]) => name),
  );
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [name, text] of sources) {
      const imports = [...text.matchAll(/from "\.\/(\w+\.ts)"/g)].map(([, file]) => file);
      if (imports.some((file) => found.has(file))) found.add(name);
    }
  }
  return found;
}

/** Values that `kernels/mod.ts` exports, with their files. */
function exportedValues(): { readonly name: string; readonly file: string }[] {
  const clauses = textOf(new URL("mod.ts", kernels)).matchAll(/export (type )?\{([^}]*)\} from "\.\/(\w+\.ts)"/g);
  return [...clauses].filter(([, type]) => !type).flatMap(([, , names, file]) =>
    names.split(",").map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "))
      .map((name) => ({ name: name.split(" as ")[0], file }))
  );
}

Deno.test("every differentiable operation has its gradient compared with float64", () => {
  const files = differentiableFiles();
  const operations = [...exportedValues(), ...INNER].filter(({ name, file }) =>
    files.has(file) && !(name in WITHOUT_GRADIENT)
  );
  assert(operations.length >= 40, `expected the operations of kernels/mod.ts, found ${operations.length}`);
  const tests = new Set([...Deno.readDirSync(new URL(".", import.meta.url))].map(({ name }) => name));
  const untested = operations.filter(({ name, file }) => {
    const test = `${basename(file, ".ts")}_test.ts`;
    const text = tests.has(test) ? textOf(new URL(test, import.meta.url)).replaceAll(/^import [^;]*;/gm, "") : "";
    return !text.includes("assertGradients(") || !new RegExp(`\\b${name}\\b`).test(text);
  });
  assertEquals(untested.map(({ name, file }) => `${name} of kernels/${file}`), []);
});

Deno.test("what has no gradient is exported, from a file with operations that have one", () => {
  const files = differentiableFiles();
  const known = new Set(exportedValues().filter(({ file }) => files.has(file)).map(({ name }) => name));
  assertEquals(Object.keys(WITHOUT_GRADIENT).filter((name) => !known.has(name)), []);
});
