/** The house: imports point down the list of rooms, what computes uses no Deno API, and docstrings name things. */
import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, normalize } from "@std/path";
import { filesBelow } from "./files.ts";
import project from "../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../", import.meta.url));

/** Rooms in the order in which data flows: a room imports from itself and from those above it in this list. */
const ROOMS = [
  "types",
  "gpu",
  "random",
  "autodiff",
  "kernels",
  "io",
  "statistics",
  "linalg",
  "tasks",
  "models",
  "losses",
  "optim",
  "train",
  "theory",
  "metrics",
  "circuits",
  "interventions",
  "study",
  "claims",
  "figures",
  "checkpoint",
  "run",
  "tools",
] as const;

/** The one cycle between rooms: an operation's gradient is made of operations, and the tape is what they are recorded on. */
const CYCLES: Readonly<Record<string, string>> = { "autodiff → kernels": "gradients call operations" };

/** Rooms that are for a machine with files and processes: everything above them computes, and could run in a browser. */
const HOSTED = ["io", "checkpoint", "run", "tools"];

/** Files of other rooms that use Deno, and what for. */
const USES_DENO: Readonly<Record<string, string>> = {
  "lib/gpu/adapter.ts": "opens the adapter",
  "lib/gpu/device.ts": "opens the adapter",
  "lib/figures/png.ts": "reads the font and the rasteriser from the package cache",
};

interface Source {
  readonly path: string;
  readonly room: string;
  /** Text without comments. */
  readonly code: string;
}

function roomOf(path: string): string {
  const parts = path.split("/");
  return parts[0] === "kernels" ? "kernels" : parts[1].replace(/\.ts$/, "");
}

function* files(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* files(path);
    else if (name.endsWith(".ts") && path !== "lib/types/std.d.ts") yield path;
  }
}

function* sources(folder: string): Generator<Source> {
  for (const path of files(folder)) {
    const code = Deno.readTextFileSync(join(root, path)).replaceAll(/\/\*[\s\S]*?\*\//g, "")
      .replaceAll(/^\s*\/\/.*$/gm, "");
    yield { path, room: roomOf(path), code };
  }
}

const all = [...sources("lib"), ...sources("kernels")];

/** Paths that a file imports, from the root. */
function importsOf({ path, code }: Source): string[] {
  return [...code.matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)].map(([, target]) =>
    normalize(join(dirname(path), target))
  )
    .filter((target) => target.startsWith("lib/") || target.startsWith("kernels/"));
}

Deno.test("every room is in the list", () => {
  assertEquals([...new Set(all.map(({ room }) => room))].filter((room) => !ROOMS.some((one) => one === room)), []);
});

Deno.test("imports point down only, but for one cycle", () => {
  const place = (room: string) => ROOMS.findIndex((one) => one === room);
  const upward = all.flatMap((source) =>
    importsOf(source).filter((target) => place(roomOf(target)) > place(source.room))
      .map((target) => ({ cycle: `${source.room} → ${roomOf(target)}`, found: `${source.path} imports ${target}` }))
  );
  assertEquals(upward.filter(({ cycle }) => !(cycle in CYCLES)).map(({ found }) => found), []);
  assertEquals(new Set(upward.map(({ cycle }) => cycle)), new Set(Object.keys(CYCLES)), "a cycle that is gone");
});

Deno.test("what computes uses no Deno API", () => {
  const found = all.filter(({ room, path, code }) =>
    !HOSTED.includes(room) && !(path in USES_DENO) && /\bDeno\./.test(code)
  );
  assertEquals(found.map(({ path }) => path), []);
  const all64 = new Map(all.map(({ path, code }) => [path, code]));
  const idle = Object.keys(USES_DENO).filter((path) => !/\bDeno\./.test(all64.get(path) ?? ""));
  assertEquals(idle, [], "a file that no longer needs to be named");
});

Deno.test("what computes imports no room that is for a machine with files", () => {
  const found = all.filter(({ room }) => !HOSTED.includes(room)).flatMap((source) =>
    importsOf(source).filter((target) => HOSTED.includes(roomOf(target)))
      .map((target) => `${source.path} imports ${target}`)
  );
  assertEquals(found, []);
});

Deno.test("every experiment runs by its name under deno task run, which finds it in deno.json's imports", () => {
  const names = [...Deno.readDirSync(`${root}experiments`)].filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -3)).sort();
  const named = Object.entries<string>(project.imports).filter(([, file]) => file.startsWith("./experiments/"));
  assertEquals(
    named.map(([name, file]) => [name, file]).sort(),
    names.map((name) => [name, `./experiments/${name}.ts`]),
  );
});

Deno.test("a docstring names a thing or says what a function does; none begins with What, but for a question", () => {
  const riddles: string[] = [];
  for (const folder of ["lib", "kernels", "experiments"]) {
    for (const path of files(folder)) {
      const code = Deno.readTextFileSync(join(root, path));
      for (const [, text] of code.matchAll(/\/\*\*\s+(?:\* )?(What [^\n]*)/g)) {
        if (!text.includes("?")) riddles.push(`${path}: ${text}`);
      }
    }
  }
  assertEquals(riddles, []);
});

Deno.test("a document that text names in capitals is one of the project's", () => {
  const read = ["experiments", "kernels", "lib", "tests"].flatMap((folder) => filesBelow(join(root, folder)))
    .filter((path) => /\.(ts|wgsl|md)$/.test(path));
  const gallery = filesBelow(join(root, "results/gallery")).filter((path) => /\.(md|json)$/.test(path));
  const all = [...read, ...gallery, join(root, "README.md")];
  const known = new Set(all.map((path) => path.split("/").at(-1)));
  const strangers = all.flatMap((path) =>
    (Deno.readTextFileSync(path).match(/\b[A-Z]{3,}\.md\b/g) ?? []).filter((name) => !known.has(name))
      .map((name) => `${path.slice(root.length)}: ${name}`)
  );
  assertEquals(strangers, []);
});
