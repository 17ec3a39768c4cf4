import { assert, assertEquals, assertMatch } from "@std/assert";
import { experimentNames } from "../../lib/tools/experiments.ts";
import { fakeDeno, fakeNpm, findTool, Machine } from "./machine.ts";

const fetching = "lab: fetching Deno 2.9.6 (npm package @deno/linux-x64-glibc@2.9.6, 42 MB)";
const apt = "apt-get install -y --no-install-recommends";

Deno.test("lab alone lists every task of deno.json with its description, and every experiment with its question", async () => {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const { stdout } = await new Deno.Command(new URL("lab", root)).output();
  const listed = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("  "));
  const expected = Object.entries<{ description: string }>(tasks);
  const width = Math.max(...expected.map(([name]) => name.length));
  const tasksListed = expected.map(([name, { description }]) => `  ${name.padEnd(width)}  ${description}`);
  assertEquals(listed.slice(0, expected.length), tasksListed);
  const names = experimentNames();
  assertEquals(listed.slice(expected.length).map((line) => line.trim().split(/ {2,}/)[0]), names);
  for (const line of listed.slice(expected.length)) assertMatch(line, /^ {2}\S+ +[A-Z].+$/);
});

Deno.test("listing needs neither Deno, npm nor a driver", () => {
  using machine = new Machine({ deno: undefined, ldconfig: undefined });
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out, messages } = machine.lab(args);
    assertEquals({ code, messages, last: out.at(-3) }, { code: 0, messages: [], last: "  walk  Does it walk?" });
  }
});

Deno.test("an unknown task names the known ones and exits 2", () => {
  using machine = new Machine();
  for (
    const [task, nearest] of [["demmo", "; did you mean demo?"], ["d.mo", "; did you mean demo?"], ["--verbose", ""]]
  ) {
    const { code, out, messages } = machine.lab([task]);
    const expected = [`lab: expected one of demo check, found '${task}'${nearest}`];
    assertEquals({ code, out, messages }, { code: 2, out: [], messages: expected });
  }
});

Deno.test("--version names this workspace's version and the pinned Deno", async () => {
  const root = new URL("../../", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const { stdout } = await new Deno.Command(new URL("lab", root), { args: ["--version"] }).output();
  assertEquals(new TextDecoder().decode(stdout), `icl-lab ${version}\ndeno 2.9.6\n`);
});

Deno.test("the tasks that take anybody's file let its imports reach no host", async () => {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/run`);
    const run = { experiment: "foreign", preset: "default", configuration: {}, status: "complete" };
    await Deno.writeTextFile(`${folder}/run/manifest.json`, JSON.stringify(run));
    await Deno.writeTextFile(`${folder}/foreign.ts`, 'import "https://deno.land/a.ts";\n');
    const dynamic = 'await import("https://deno.land/" + "a.ts");\nexport const experiment = {};\n';
    await Deno.writeTextFile(`${folder}/hidden.ts`, dynamic);
    for (const task of ["run", "profile", "judge", "draw"]) {
      const [, ...command] = tasks[task].command.split(" ");
      const option = ["judge", "draw"].includes(task) ? "--experiment=" : "";
      const args = option === "" ? command : [...command, `${folder}/run`];
      for (const name of ["foreign", "hidden"]) {
        const cwd = decodeURIComponent(root.pathname);
        const started = new Deno.Command(Deno.execPath(), { args: [...args, `${option}${folder}/${name}.ts`], cwd });
        const { success, stderr } = await started.output();
        assertMatch(new TextDecoder().decode(stderr), /https:\/\/deno\.land\/a\.ts.*--no-remote/);
        assert(!success, `${task} ${name}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("becomes the task's command with its arguments and exit code", () => {
  using machine = new Machine();
  const { code, out, messages } = machine.lab(["demo", "--replicas=4", "a b", ""], { FAKE_EXIT: "5" });
  assertEquals(out, ["run", "--allow-read", "show.ts", "--replicas=4", "a b", ""]);
  assertEquals({ code, messages }, { code: 5, messages: [] });
});

Deno.test("through the real Deno, from another folder and through links, arguments and exit code arrive", () => {
  using machine = new Machine({ deno: undefined });
  Deno.mkdirSync(`${machine.folder}/links`);
  Deno.symlinkSync("../checkout/lab", `${machine.folder}/links/near`);
  Deno.symlinkSync(`${machine.folder}/links/near`, `${machine.folder}/far`);
  const args = ["a b", "$HOME", "it's", '"q"', "*", "--help"];
  const env = { ICL_LAB_DENO: Deno.execPath() };
  const { code, out } = machine.lab(["demo", ...args], env, { cwd: "/", as: `${machine.folder}/far` });
  const checkout = Deno.realPathSync(machine.checkout);
  assertEquals({ code, out }, { code: 7, out: [`${JSON.stringify(args)} ${checkout}`] });
});

/** Gives the machine's checkout these tasks. */
function setTasks(machine: Machine, commands: Record<string, string>): void {
  const tasks = Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, { description: name, command }]),
  );
  machine.write("checkout/deno.json", JSON.stringify({ name: "trial", tasks }, null, 2));
}

Deno.test("paths are meant from the folder in which lab was called", () => {
  using machine = new Machine();
  Deno.mkdirSync(`${machine.folder}/elsewhere`);
  machine.write("elsewhere/checkpoint", "");
  const cwd = Deno.realPathSync(`${machine.folder}/elsewhere`);
  const args = ["checkpoint", "none", "--resume=old", "--lr=checkpoint", "/checkpoint", "--claims=checkpoint"];
  assertEquals(machine.lab(["demo", ...args], {}, { cwd }).out.slice(3), [
    `${cwd}/checkpoint`,
    "none",
    `--resume=${cwd}/old`,
    "--lr=checkpoint",
    "/checkpoint",
    `--claims=${cwd}/checkpoint`,
  ]);
  machine.write("checkout/checkpoint", "");
  assertEquals(machine.lab(["demo", "checkpoint", "--resume=old"]).out.slice(3), ["checkpoint", "--resume=old"]);
});

Deno.test("what --out= names may be written, by tasks that write results", () => {
  using machine = new Machine();
  setTasks(machine, {
    train: "deno run --check --allow-read --allow-write=results a.ts --preset=cpu",
    last: "deno run --allow-write=results",
    query: "deno run --allow-write=results q.ts",
    draw: "deno run --allow-write=results d.ts",
    serve: "deno run --allow-read s.ts",
  });
  Deno.mkdirSync(`${machine.folder}/a run`);
  machine.write("a run/figure.vl.json", "{}");
  const [root, cwd] = [Deno.realPathSync(machine.checkout), Deno.realPathSync(machine.home)];
  const lab = (args: string[], from?: { cwd: string }) =>
    machine.lab(args, {}, from).out.map((line) => line.replaceAll(/\.\d+\.tmp\b/g, ".PID.tmp"));
  const write = (out: string) => `--allow-write=results,${out},${out}.PID.tmp`;
  assertEquals(lab(["train", "--out=/data/a b", "--lr=1"]), [
    ...["run", "--check", "--allow-read", write("/data/a b"), "a.ts", "--preset=cpu", "--out=/data/a b", "--lr=1"],
  ]);
  assertEquals(lab(["last", "--out=x"], { cwd }), ["run", write(`${cwd}/x`), `--out=${cwd}/x`]);
  assertEquals(lab(["last", "--resume=/data/run"]), ["run", write("/data/run"), "--resume=/data/run"]);
  assertEquals(lab(["last", "--out=~/x"]), ["run", write(`${machine.home}/x`), `--out=${machine.home}/x`]);
  assertEquals(lab(["query", "--out=/data/x.csv"]), ["run", write("/data"), "q.ts", "--out=/data/x.csv"]);
  const [run, other] = [`${Deno.realPathSync(machine.folder)}/a run`, cwd];
  assertEquals(lab(["draw", run, `${run}/figure.vl.json`, other, "none", "--no-png"]), [
    "run",
    `${write(run)},${run},${run}.PID.tmp,${other},${other}.PID.tmp`,
    ...["d.ts", run, `${run}/figure.vl.json`, other, "none", "--no-png"],
  ]);
  for (const args of [["--out=results/x"], [`--out=${root}/results/x`], ["--out=a,b"], ["--output=x"], ["--out="]]) {
    const unchanged = ["run", "--check", "--allow-read", "--allow-write=results", "a.ts", "--preset=cpu"];
    assertEquals(lab(["train", ...args]), [...unchanged, ...args]);
  }
  assertEquals(lab(["serve", "--out=/data"]), ["run", "--allow-read", "s.ts", "--out=/data"]);
});

Deno.test("run takes the name of an experiment, or the file of one", () => {
  using machine = new Machine();
  setTasks(machine, { run: "deno run", profile: "deno run p.ts" });
  const usage = "usage: ./lab run NAME [options]";
  for (const [args, status] of [[[], 2], [["--help"], 0]] as const) {
    const { code, out } = machine.lab(["run", ...args]);
    assertEquals([code, out[0], out[2]], [status, usage, "  walk  Does it walk?"]);
  }
  for (const name of ["none.ts", "wlak", "../walk"]) {
    const { code, messages } = machine.lab(["run", name]);
    assertEquals([code, messages], [2, [`lab: expected one of walk, or the file of an experiment, found '${name}'`]]);
  }
  assertEquals(machine.lab(["run", "walk", "--lr=1"]).out, ["run", "experiments/walk.ts", "--lr=1"]);
  assertEquals(machine.lab(["run", "walk"], {}, { cwd: "/" }).out, ["run", "experiments/walk.ts"]);
  machine.write("checkout/a.ts", "");
  assertEquals(machine.lab(["run", "a.ts", "--help"]).out, ["run", "a.ts", "--help"]);
  assertEquals(machine.lab(["completion", "experiments"]).out, ["walk"]);
});

Deno.test("a Deno of another version on PATH is passed over, and the pinned one fetched once", () => {
  using machine = new Machine({ deno: fakeDeno("2.9.7"), npm: fakeNpm("2.9.6") });
  const first = machine.lab(["demo"]);
  assertEquals({ ...first, out: first.out.at(-1) }, {
    code: 0,
    out: "show.ts",
    messages: [fetching],
    calls: ["npm pack --silent @deno/linux-x64-glibc@2.9.6"],
  });
  assertEquals([...Deno.readDirSync(`${machine.home}/.cache/icl-lab`)].map(({ name }) => name).sort(), [
    "deno-2.9.6",
    "runtime",
  ]);
  const second = machine.lab(["demo"]);
  assertEquals({ messages: second.messages, calls: second.calls.length }, { messages: [], calls: 1 });
});

Deno.test("each platform gets its package; on macOS no driver is asked for", () => {
  const platforms = {
    "Linux aarch64": "linux-arm64-glibc",
    "Darwin arm64": "darwin-arm64",
    "Darwin x86_64": "darwin-x64",
  };
  for (const [platform, name] of Object.entries(platforms)) {
    const [system, processor] = platform.split(" ");
    const uname = `case $1 in -s) echo ${system} ;; *) echo ${processor} ;; esac`;
    const ldconfig = system === "Darwin" ? { ldconfig: "exit 1" } : {};
    using machine = new Machine({ deno: undefined, npm: fakeNpm("2.9.6"), uname, ...ldconfig });
    const { code, calls } = machine.lab(["demo"]);
    assertEquals({ code, calls }, { code: 0, calls: [`npm pack --silent @deno/${name}@2.9.6`] });
  }
  using machine = new Machine({ deno: undefined, uname: "case $1 in -s) echo Plan9 ;; *) echo mips ;; esac" });
  const { code, messages } = machine.lab(["demo"]);
  const expected =
    "lab: expected Linux or macOS on x86-64 or ARM64, found Plan9 mips: set ICL_LAB_DENO to a Deno 2.9.6";
  assertEquals({ code, messages }, { code: 3, messages: [expected] });
});

Deno.test("a fetched Deno that does not run is refused, and nothing is left of it", () => {
  using machine = new Machine({ deno: undefined, npm: fakeNpm("2.9.5") });
  const { code, messages } = machine.lab(["demo"]);
  assertEquals(code, 3);
  assertMatch(messages[1], /^lab: expected @deno\/linux-x64-glibc@2\.9\.6 to run here, found that it does not/);
  assertEquals([...Deno.readDirSync(`${machine.home}/.cache/icl-lab`)], []);
});

Deno.test("what npm says when it fails is passed on", () => {
  using machine = new Machine({
    deno: undefined,
    npm: "echo 'npm warn old' >&2; echo 'npm error code E404' >&2; exit 1",
  });
  const { code, messages } = machine.lab(["demo"]);
  const expected = "lab: npm pack @deno/linux-x64-glibc@2.9.6 failed: npm error code E404";
  assertEquals({ code, messages }, { code: 3, messages: [fetching, expected] });
});

Deno.test("of two starts at a time the first one's Deno stays", () => {
  using machine = new Machine({
    deno: undefined,
    npm: `${fakeNpm("2.9.6")}
mkdir -p "$HOME/.cache/icl-lab/deno-2.9.6"
printf '#!/bin/sh\\necho deno 2.9.6 of the first start\\n' >"$HOME/.cache/icl-lab/deno-2.9.6/deno"
chmod +x "$HOME/.cache/icl-lab/deno-2.9.6/deno"`,
  });
  assertEquals(machine.lab(["demo"]).out, ["deno 2.9.6 of the first start"]);
});

Deno.test("a broken Deno in the cache is replaced", () => {
  using machine = new Machine({ deno: undefined, npm: fakeNpm("2.9.6") });
  Deno.mkdirSync(`${machine.home}/.cache/icl-lab/deno-2.9.6`, { recursive: true });
  Deno.writeTextFileSync(machine.cached, "cut short", { mode: 0o755 });
  assertEquals(machine.lab(["demo"]).out.at(-1), "show.ts");
});

Deno.test("who is not root is told the one command that installs all that is missing", () => {
  const cases = [
    { scripts: { deno: undefined }, packages: "npm ca-certificates" },
    { scripts: { ldconfig: "exit 1" }, packages: "mesa-vulkan-drivers libvulkan1" },
    {
      scripts: { deno: undefined, ldconfig: "echo libvulkan_lvp.so" },
      packages: "npm ca-certificates mesa-vulkan-drivers libvulkan1",
    },
  ];
  for (const { scripts, packages } of cases) {
    using machine = new Machine({ "apt-get": 'echo "$*" >>"$CALLS"', ...scripts });
    const { code, messages, calls } = machine.lab(["demo"]);
    const expected = [`lab: missing here: ${packages}; run: sudo ${apt} ${packages}`];
    assertEquals({ code, messages, calls }, { code: 3, messages: expected, calls: [] });
  }
});

Deno.test("root gets what is missing installed", () => {
  const aptGet = `echo "apt-get $*" >>"$CALLS"
for name; do if [ "$name" = npm ]; then mv "\${0%/*}/npm-to-be" "\${0%/*}/npm"; fi; done`;
  const scripts = { "apt-get": aptGet, id: "echo 0", ldconfig: "exit 1", deno: undefined };
  using machine = new Machine({ ...scripts, "npm-to-be": fakeNpm("2.9.6") });
  const packages = "npm ca-certificates mesa-vulkan-drivers libvulkan1";
  const { code, messages, calls } = machine.lab(["demo"]);
  assertEquals({ code, messages }, { code: 0, messages: [`lab: installing ${packages} (apt-get)`, fetching] });
  assertEquals(calls[0], "apt-get -qq update");
  assertMatch(calls[1], new RegExp(`^apt-get .* install -y --no-install-recommends ${packages}$`));
});

Deno.test("where apt-get fails its reason is passed on; where there is none the packages are named", () => {
  const scripts = { id: "echo 0", ldconfig: "exit 1" };
  using failing = new Machine({ ...scripts, "apt-get": "echo 'W: old'; echo 'E: no network'; exit 100" });
  const failed = failing.lab(["demo"]);
  assertEquals(failed.code, 3);
  assertEquals(failed.messages.at(-1), `lab: ${apt} mesa-vulkan-drivers libvulkan1 failed: E: no network`);
  using other = new Machine(scripts);
  const { code, messages } = other.lab(["demo"]);
  assertEquals(code, 3);
  assertMatch(messages[0], /^lab: expected the equivalent of Debian's packages mesa-vulkan-drivers libvulkan1, found/);
});

Deno.test("a driver is asked for by tasks that use the GPU only", () => {
  using machine = new Machine({ ldconfig: "exit 1" });
  assertEquals(machine.lab(["check"]).code, 0);
  assertEquals(machine.lab(["demo"]).code, 3);
  machine.write("libvulkan.so.1", "");
  assertEquals(machine.lab(["demo"], { LD_LIBRARY_PATH: `/nowhere:${machine.folder}` }).code, 0);
});

Deno.test("a VK_DRIVER_FILES that names no file is named, whatever else is installed", () => {
  using machine = new Machine();
  const { code, messages } = machine.lab(["demo"], { VK_DRIVER_FILES: "/nowhere/a.json:/nowhere/b.json" });
  assertEquals(code, 3);
  assertMatch(messages[0], /^lab: expected VK_DRIVER_FILES .* found '\/nowhere\/a\.json:\/nowhere\/b\.json'$/);
  assertEquals(machine.lab(["demo"], { VK_DRIVER_FILES: `/nowhere:${machine.folder}/driver.json` }).code, 0);
  assertEquals(machine.lab(["demo"], { VK_DRIVER_FILES: "", VK_ICD_FILENAMES: "/nowhere/a.json" }).code, 3);
});

Deno.test("ICL_LAB_DENO is used, with a word where its version is another", () => {
  using machine = new Machine({ deno: undefined, other: fakeDeno("2.10.0") });
  const given = machine.lab(["demo"], { ICL_LAB_DENO: `${machine.folder}/bin/other` });
  const expected = ["lab: using ICL_LAB_DENO, which is not the pinned Deno 2.9.6"];
  assertEquals({ code: given.code, messages: given.messages }, { code: 0, messages: expected });
  const { code, messages } = machine.lab(["demo"], { ICL_LAB_DENO: "/nowhere/deno" });
  const refused = ["lab: expected ICL_LAB_DENO to name a Deno binary, found '/nowhere/deno'"];
  assertEquals({ code, messages }, { code: 3, messages: refused });
});

Deno.test("Deno trusts the certificates of the system too, unless told otherwise", () => {
  using machine = new Machine({
    deno: `if [ "$1" = --version ]; then echo deno 2.9.6; else echo "$DENO_TLS_CA_STORE"; fi`,
  });
  assertEquals(machine.lab(["demo"]).out, ["system,mozilla"]);
  assertEquals(machine.lab(["demo"], { DENO_TLS_CA_STORE: "mozilla" }).out, ["mozilla"]);
});

Deno.test("XDG_RUNTIME_DIR is private where it was unset, and kept where it was set", () => {
  using machine = new Machine({
    deno: `if [ "$1" = --version ]; then echo deno 2.9.6; else echo "$XDG_RUNTIME_DIR"; fi`,
  });
  const { out: [runtime] } = machine.lab(["demo"]);
  assertEquals(Deno.statSync(runtime).mode! & 0o777, 0o700);
  assertEquals(machine.lab(["demo"], { XDG_RUNTIME_DIR: "/mine" }).out, ["/mine"]);
});

Deno.test("the software driver gets wide vectors and a shader cache for them, where processor and task gain by them", () => {
  const show = `if [ "$1" = --version ]; then echo "deno 2.9.6 (stable)"; exit; fi
echo "\${LP_NATIVE_VECTOR_WIDTH:-unset} \${MESA_SHADER_CACHE_DIR:-unset}"`;
  const processor = (flags: string) =>
    `for file; do :; done
[ "$file" != /proc/cpuinfo ] || { echo "flags : ${flags}" | ${findTool("grep")} -qw avx512f; exit; }
exec ${findTool("grep")} "$@"`;
  using wide = new Machine({ deno: show, grep: processor("avx2 avx512f fma") });
  const cache = `${wide.home}/.cache/icl-lab/mesa-512`;
  assertEquals(wide.lab(["check"]).out, [`512 ${cache}`]);
  assertEquals(wide.lab(["check"], { MESA_SHADER_CACHE_DIR: "/kept" }).out, ["512 /kept-512"]);
  assertEquals(wide.lab(["check"], { LP_NATIVE_VECTOR_WIDTH: "128" }).out, ["128 unset"]);
  assertEquals(wide.lab(["demo"]).out, ["unset unset"]);
  setTasks(wide, { run: "deno run", profile: "deno run" });
  for (const name of ["linear_icl", "grokking"]) wide.write(`checkout/experiments/${name}.ts`, "");
  for (const task of ["run", "profile"]) {
    assertEquals(wide.lab([task, "linear_icl"]).out, ["unset unset"]);
    assertEquals(wide.lab([task, "grokking"]).out, [`512 ${cache}`]);
  }
  using narrow = new Machine({ deno: show, grep: processor("avx2 fma") });
  assertEquals(narrow.lab(["check"]).out, ["unset unset"]);
});

Deno.test("without a home folder the cache is a private temporary one, and one that others made is refused", () => {
  const id = String(Deno.uid());
  using machine = new Machine({ id: `echo ${id}` });
  const fallback = `${machine.folder}/icl-lab-${id}`;
  const { code, messages } = machine.lab(["demo"], { HOME: "" });
  const expected = [`lab: expected a writable home folder, found none: caching in ${fallback}`];
  assertEquals({ code, messages }, { code: 0, messages: expected });
  assert(Deno.statSync(`${fallback}/runtime`).isDirectory);
  Deno.chmodSync(fallback, 0o777);
  const refused = machine.lab(["demo"], { HOME: "" });
  assertEquals(refused.code, 3);
  assertEquals(refused.messages, ["lab: expected a writable cache folder, found none: set XDG_CACHE_HOME to one"]);
});

Deno.test("completion: tasks need no Deno; flags are those that the task's help names", () => {
  using bare = new Machine({ deno: undefined, ldconfig: undefined });
  assertEquals(bare.lab(["completion", "tasks"]).out, ["demo", "check"]);
  assertEquals(bare.lab(["completion", "flags", "demo"]).out, []);
  const help = `printf '%s\\n' '  --lr=N  rate' '  --png   pictures, as with --lr=N'`;
  using machine = new Machine({ deno: `if [ "$1" = --version ]; then echo deno 2.9.6; else ${help}; fi` });
  assertEquals(machine.lab(["completion", "flags", "demo"]).out, ["--lr=", "--png"]);
  assertEquals(machine.lab(["completion", "flags", "demo", "--l"]).out, ["--lr=", "--png"]);
});

Deno.test("completion in bash: a task after lab, a flag after a task, files otherwise", async () => {
  const lab = new URL("../../lab", import.meta.url).pathname;
  const complete = async (...words: string[]) => {
    const script =
      `eval "$("$0" completion)"; COMP_WORDS=("$0" "$@"); COMP_CWORD=$#; _lab "$0"; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const command = new Deno.Command("bash", {
      args: ["-c", script, lab, ...words],
      env: { ICL_LAB_DENO: Deno.execPath() },
    });
    return new TextDecoder().decode((await command.output()).stdout).trim().split("\n");
  };
  assertEquals(await complete("que"), ["query"]);
  assertEquals((await complete("claims", "--")).toSorted(), ["--format=", "--help", "--out=", "--preset="]);
  assertEquals(await complete("claims", "res"), [""]);
  assertEquals(await complete("run", "grok"), ["grokking"]);
});

Deno.test("every task answers --help and exits 0", async () => {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  // Those that need a large package are tried by the tests of their own configuration.
  const names = Object.keys(tasks).filter((name) => !tasks[name].command.includes("--config="));
  const queue = [...names];
  const worker = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", name, "--help"],
        cwd: root,
        env: { NO_COLOR: "1" },
      }).output();
      const [out, messages] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals([code, messages], [0, ""], name);
      assert(out.split("\n").length >= 3, `${name}: ${out}`);
    }
  };
  await Promise.all([worker(), worker()]);
});

/** A machine with four GPUs, of which `may` can be opened; its Deno tells what Vulkan is told. */
function withGpus(may: readonly number[], layer = true): Machine {
  const tell = 'if [ "$1" = --version ]; then echo "deno 2.9.6 (stable)"; exit; fi\n' +
    'echo "prime ${DRI_PRIME:-none}"; for argument; do case $argument in --gpu=*) echo "$argument" ;; esac; done';
  const machine = new Machine({
    deno: tell,
    uname: "case $1 in -s) echo Linux ;; -n) echo node7 ;; *) echo x86_64 ;; esac",
  });
  const system = `${machine.folder.replaceAll(" ", "_")}-system`;
  for (const [number, bus] of ["1b", "3c", "9a", "da"].entries()) {
    const folder = `${system}/gpus/0000:${bus}:00.0`;
    Deno.mkdirSync(folder, { recursive: true });
    const lines = [`Model: \t\t NVIDIA H200`, `GPU UUID: \t GPU-${bus}22`, `Device Minor: \t ${number}`];
    Deno.writeTextFileSync(`${folder}/information`, lines.join("\n") + "\n");
    if (may.includes(number)) Deno.writeTextFileSync(`${system}/nvidia${number}`, "");
  }
  const layers = `${system}/share/vulkan/implicit_layer.d`;
  Deno.mkdirSync(layers, { recursive: true });
  if (layer) Deno.writeTextFileSync(`${layers}/VkLayer_MESA_device_select.json`, "{}");
  const lab = Deno.readTextFileSync(`${machine.checkout}/lab`)
    .replaceAll("/proc/driver/nvidia/gpus", `${system}/gpus`).replaceAll("/dev/nvidia", `${system}/nvidia`)
    .replaceAll("/dev/dri/", `${system}/dri/`).replace("in /etc /usr/local/share /usr/share", `in ${system}/share`);
  machine.write("checkout/lab", lab, 0o755);
  const task = { description: "Run", command: "deno run task.ts" };
  machine.write(
    "checkout/deno.json",
    JSON.stringify({ name: "trial", tasks: { sweep: task, "sweep-task": task } }, null, 2),
  );
  // The copy of the code that a sweep's tasks run.
  Deno.mkdirSync(`${machine.folder}/rates`);
  machine.write("rates/sweep.json", "{}");
  Deno.symlinkSync(machine.checkout, `${machine.folder}/rates/code`);
  const dispose = machine[Symbol.dispose].bind(machine);
  machine[Symbol.dispose] = () => {
    dispose();
    Deno.removeSync(system, { recursive: true });
  };
  return machine;
}

Deno.test("a task opens the GPU that its job was given, and says on what two tasks that open the same one would agree", () => {
  const told = (may: readonly number[], env: Record<string, string>, layer = true) => {
    using machine = withGpus(may, layer);
    const { code, out, messages } = machine.lab(["sweep", "--task=0", `--out=${machine.folder}/rates`], env);
    assertEquals([code, messages, out.slice(2)], [0, [], []]);
    return out.map((line) => line.replaceAll(/\S+-system\//g, "/dev/"));
  };
  const all = [0, 1, 2, 3];
  const third = ["prime pci-0000_9a_00_0!", "--gpu=node7 0000:9a:00.0"];
  assertEquals(told(all, { SLURM_JOB_GPUS: "2", CUDA_VISIBLE_DEVICES: "0" }), third);
  assertEquals(told(all, { CUDA_VISIBLE_DEVICES: "GPU-9a22" }), third);
  // A pool gives its processes one after the other of what it was given.
  assertEquals(told(all, { ICL_LAB_SLOT: "6" }), third);
  assertEquals(told(all, { ICL_LAB_SLOT: "1", CUDA_VISIBLE_DEVICES: "0,2" }), third);
  // Nothing is chosen where the job was given several, where somebody chose, or where Vulkan would not heed it: then all that
  // decides is said, and equal words mean the same GPU.
  const every = "--gpu=node7 /dev/nvidia0 /dev/nvidia1 /dev/nvidia2 /dev/nvidia3 ";
  assertEquals(told(all, { CUDA_VISIBLE_DEVICES: "2" }, false), ["prime none", every]);
  assertEquals(told(all, { CUDA_VISIBLE_DEVICES: "0,2", DRI_PRIME: "1" }), ["prime 1", `${every}1`]);
  // A control group leaves the one that was given; tasks that share the only one because a pool has several are asked to.
  assertEquals(told([2], { CUDA_VISIBLE_DEVICES: "0", SLURM_JOB_GPUS: "2" }), [
    "prime none",
    "--gpu=node7 /dev/nvidia2 ",
  ]);
  assertEquals(told([2], { ICL_LAB_SLOT: "1" }), ["prime none"]);
});
