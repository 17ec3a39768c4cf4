import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const kernels = fromFileUrl(new URL("../../kernels/", import.meta.url));
const readme = Deno.readTextFileSync(join(kernels, "README.md"));

Deno.test("kernels/README.md: at most 120 lines; its code stands in the file that is linked before it; links lead to files", () => {
  assert(readme.trimEnd().split("\n").length <= 120);
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)];
  for (const [, target] of links) Deno.statSync(join(kernels, target));
  const blocks = [...readme.matchAll(/^```\w.*\n([\s\S]*?)^```$/gm)];
  assertEquals(blocks.length, 4);
  for (const { index, 1: code } of blocks) {
    const [, file] = links.filter((link) => link.index < index && /\/\w+\.(ts|wgsl)$/.test(link[1])).at(-1)!;
    assert(Deno.readTextFileSync(join(kernels, file)).includes(code), `expected a part of ${file}, found ${code}`);
  }
});

Deno.test("kernels/README.md: every family has a line", () => {
  const folders = [...Deno.readDirSync(kernels)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  assertEquals(folders.filter((name) => !readme.includes(`- [${name}](${name}): `)), []);
});
