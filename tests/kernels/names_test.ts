/** A stranger finds a kernel: its shader lies beside the file that binds it, and the two agree in name. */
import { assert, assertEquals } from "@std/assert";
import { basename, dirname, fromFileUrl, join, relative } from "@std/path";
import { filesBelow } from "../files.ts";

const kernels = fromFileUrl(new URL("../../kernels/", import.meta.url));

/** Files with several shaders of one family, which begin with the family's name. */
const KERNELS = "_kernels";

Deno.test("a shader has the name of the file that binds it, begins with it, or is named as a function of that file", () => {
  const paths = filesBelow(kernels);
  const bindings = paths.filter((path) => path.endsWith(".ts")).map((path) => {
    const text = Deno.readTextFileSync(path);
    const name = basename(path, ".ts");
    return {
      path,
      beginning: name.endsWith(KERNELS) ? name.slice(0, -KERNELS.length) : name,
      exports: [...text.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, found]) =>
        found.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      ),
      shaders: [...text.matchAll(/from "([^"]+\.wgsl)"/g)].map(([, file]) => join(dirname(path), file)),
    };
  });
  const shaders = paths.filter((path) => path.endsWith(".wgsl") && !path.endsWith(".part.wgsl"));
  assert(shaders.length > 90, `found ${shaders.length} shaders`);
  const strays = shaders.filter((shader) => {
    const name = basename(shader, ".wgsl");
    const binding = bindings.filter(({ shaders }) => shaders.includes(shader));
    return !(binding.length === 1 && dirname(binding[0].path) === dirname(shader) &&
      (name === binding[0].beginning || name.startsWith(`${binding[0].beginning}_`) ||
        binding[0].exports.includes(name)));
  });
  assertEquals(strays.map((path) => relative(kernels, path)), []);
});

Deno.test("a fragment has no entry point, a kernel has one, and every one is used", () => {
  const paths = filesBelow(kernels);
  const used = new Set(
    paths.filter((path) => path.endsWith(".ts")).flatMap((path) =>
      [...Deno.readTextFileSync(path).matchAll(/from "([^"]+\.wgsl)"/g)].map(([, file]) => join(dirname(path), file))
    ),
  );
  const wrong = paths.filter((path) => path.endsWith(".wgsl")).filter((path) =>
    Deno.readTextFileSync(path).includes("@compute") === path.endsWith(".part.wgsl") || !used.has(path)
  );
  assertEquals(wrong.map((path) => relative(kernels, path)), []);
});

Deno.test("a kernel binds eight storage buffers at most, as many as WebGPU promises on every adapter", () => {
  const more = filesBelow(kernels).filter((path) => path.endsWith(".wgsl")).filter((path) =>
    [...Deno.readTextFileSync(path).matchAll(/var<storage/g)].length > 8
  );
  assertEquals(more.map((path) => relative(kernels, path)), []);
});
