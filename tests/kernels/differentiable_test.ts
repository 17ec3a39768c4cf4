/** Every operation that gradients pass through has its gradient compared with float64, in the test beside its name. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { filesBelow } from "../files.ts";

const kernels = fromFileUrl(new URL("../../kernels/", import.meta.url));
const here = fromFileUrl(new URL(".", import.meta.url));

/** Exports of files with differentiable operations that have no gradient, and why. */
const WITHOUT_GRADIENT: Readonly<Record<string, string>> = {
  attentionPattern: "for looking at; a loss that depends on it is refused",
  fill: "has no input",
  oneHot: "has integers as input",
};

/** Operations with gradients that only other functions call: not exported, but held to the same. */
const INNER: readonly { readonly name: string; readonly file: string }[] = [
  { name: "crossEntropyRows", file: "loss/cross_entropy.ts" },
  { name: "embeddingTransposed", file: "arrange/embedding.ts" },
  { name: "pointwiseLoss", file: "loss/pointwise_loss.ts" },
];

/** Source of every kernel's host binding by its path in `kernels/`. */
const sources = new Map(
  filesBelow(kernels).map((path) => [relative(kernels, path), path] as const)
    .filter(([name]) => name.endsWith(".ts") && name !== "mod.ts")
    .map(([name, path]) => [name, Deno.readTextFileSync(path)]),
);

/** Files that put operations on the tape, themselves or through others. */
function differentiableFiles(): Set<string> {
  const found = new Set(
    [...sources].filter(([, text]) => /\bdifferentiable(Many)?\(/.test(text)).map(([name]) => name),
  );
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [name, text] of sources) {
      const imports = [...text.matchAll(/^(?:import|export|\}) [^;]*?from "(\.[^"]+\.ts)"/gm)]
        .map(([, file]) => join(name, "..", file));
      if (imports.some((file) => found.has(file))) found.add(name);
    }
  }
  return found;
}

/** Values that `kernels/mod.ts` exports, with their files. */
function exportedValues(): { readonly name: string; readonly file: string }[] {
  const text = Deno.readTextFileSync(join(kernels, "mod.ts"));
  const clauses = text.matchAll(/export (type )?\{([^}]*)\} from "\.\/([\w/]+\.ts)"/g);
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
  const tests = new Map(filesBelow(here).map((path) => [relative(here, path), Deno.readTextFileSync(path)]));
  const untested = operations.filter(({ name, file }) => {
    const text = (tests.get(file.replace(/\.ts$/, "_test.ts")) ?? "").replaceAll(/^import [^;]*;/gm, "");
    return !text.includes("assertGradients(") || !new RegExp(`\\b${name}\\b`).test(text);
  });
  assertEquals(untested.map(({ name, file }) => `${name} of kernels/${file}`), []);
});

Deno.test("what has no gradient is exported, from a file with operations that have one", () => {
  const files = differentiableFiles();
  const known = new Set(exportedValues().filter(({ file }) => files.has(file)).map(({ name }) => name));
  assertEquals(Object.keys(WITHOUT_GRADIENT).filter((name) => !known.has(name)), []);
});
