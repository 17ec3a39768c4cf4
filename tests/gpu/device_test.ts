import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { currentGpu, openGpu } from "../../lib/gpu/device.ts";
import { GpuError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { update } from "./kernels.ts";

const folder = new URL("../../lib/gpu/", import.meta.url);
const BAD_BUFFER = `{ label: "bad", size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }`;
const FOUND = "`MAP` usage can only be combined with the opposite `COPY`, requested BufferUsages(MAP_READ | STORAGE)";

/** What a process of its own prints and how it ends. */
async function runAlone(code: string, env: Record<string, string> = {}) {
  const script = `import { openGpu } from "${folder}device.ts";\n${code}`;
  const { code: status, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", "--ext=ts", script],
    env: { XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp", NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { status, out: text(stdout), messages: text(stderr) };
}

Deno.test("nothing is open before it is opened; then there is one device", async () => {
  assertThrows(() => currentGpu(), Error, "expected an open GPU, found none: await openGpu() first");
  const [first, second] = await Promise.all([openGpu("low-power"), openGpu()]);
  assert(first === second && currentGpu() === first);
  assertEquals(
    (await assertRejects(() => openGpu("software"), Error)).message,
    `GPU: expected the adapter "low-power" that is open already, found "software"`,
  );
  assert(await openGpu("low-power") === first);
});

Deno.test("all limits of the adapter are requested", async () => {
  const { device } = await openGpu();
  const { maxStorageBuffersPerShaderStage, maxComputeInvocationsPerWorkgroup } = device.limits;
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "low-power" });
  assertEquals(maxStorageBuffersPerShaderStage, adapter?.limits.maxStorageBuffersPerShaderStage);
  assertEquals(maxComputeInvocationsPerWorkgroup, adapter?.limits.maxComputeInvocationsPerWorkgroup);
});

Deno.test("the summary says what runs the kernels", async () => {
  const { adapter } = await openGpu();
  assert(adapter.description.length > 0 && !/^\d+$/.test(adapter.vendor));
  assertEquals(adapter.software, /llvmpipe|swiftshader/i.test(adapter.description));
});

Deno.test("a fault in a guarded call is thrown by the next settle, with its label, once", async () => {
  const gpu = await openGpu();
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
  gpu.guard("cache", () => gpu.device.createBuffer({ size: 16, usage }));
  gpu.guard("later", () => gpu.device.createBuffer({ size: 16, usage }));
  const { kind, label, message } = await assertRejects(() => gpu.settle(), GpuError);
  assertEquals([kind, label, message], ["validation", "cache", `cache: ${FOUND}`]);
  await gpu.settle();
  gpu.check();
});

Deno.test("a consequence that is known first does not hide its cause", async () => {
  const gpu = await openGpu();
  const cause = Promise.withResolvers<GpuError | null>();
  gpu.defer(cause.promise);
  gpu.defer(Promise.resolve(new GpuError("validation", "consequence", "…")));
  await Promise.resolve();
  gpu.check();
  cause.resolve(new GpuError("shader", "cause", "…"));
  await assertRejects(() => gpu.settle(), GpuError, "cause: …");
  await gpu.settle();
});

Deno.test("an uncaptured fault is thrown by finish", async () => {
  const gpu = await openGpu();
  gpu.device.createBuffer({ label: "bad", size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await assertRejects(() => gpu.finish(), GpuError, `GPU: ${FOUND}`);
  await gpu.finish();
});

Deno.test("a fault that nobody awaited ends the process with one line and exit code 1", async () => {
  const open = "const gpu = await openGpu();";
  const guarded = `gpu.guard("cache", () => gpu.device.createBuffer(${BAD_BUFFER}));`;
  const uncaptured = `gpu.device.createBuffer(${BAD_BUFFER});`;
  const turn = "await new Promise((resolve) => setTimeout(resolve, 1));";
  const runs = await Promise.all([
    runAlone(`${open} ${guarded} console.log("end");`),
    runAlone(`${open} ${uncaptured} console.log("end");`),
    runAlone(`${open} ${guarded} ${turn} console.log("end"); Deno.exit(0);`),
    runAlone(`${open} console.log("end");`),
  ]);
  assertEquals(runs, [
    { status: 1, out: "end", messages: `error: cache: ${FOUND}` },
    { status: 1, out: "end", messages: `error: GPU: ${FOUND}` },
    { status: 1, out: "end", messages: `error: cache: ${FOUND}` },
    { status: 0, out: "end", messages: "" },
  ]);
});

Deno.test("without an adapter, one message names the command that mends it", async () => {
  const say = (choice: string) =>
    `await openGpu(${choice}).catch((error) => console.log(error.kind, error.message));
     await openGpu().catch((error) => console.log(error.name));`;
  // Without a Vulkan driver, Deno would take Mesa's OpenGL.
  const env = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere", DENO_WEBGPU_BACKEND: "vulkan" };
  const [any, software] = await Promise.all([runAlone(say(""), env), runAlone(say(`"software"`), env)]);
  const hint = "install a Vulkan driver: `apt-get install mesa-vulkan-drivers libvulkan1` for CPU-only machines, " +
    "the NVIDIA driver and libvulkan1 for a GPU";
  assertEquals(any, {
    status: 0,
    out: `no-adapter GPU: expected a GPU or a software adapter, found none; ${hint}\nGpuError`,
    messages: "",
  });
  assertEquals(
    software.out.split("\n")[0],
    `no-adapter GPU: expected a software adapter (--adapter=software), found none; ${hint}`,
  );
});

Deno.test("after the device is destroyed everything says so, and opening again gives a new one", async () => {
  const gpu = await openGpu();
  const x = Tensor.from(Int32Array.of(1));
  const program = await record("doomed", () => {
    update({ x, a: 1, b: 1 });
  });
  gpu.device.destroy();
  await gpu.device.lost;
  assert(gpu.lost);
  const expected = "GPU: expected an open device, found one that was destroyed";
  for (
    const use of [() => program.replay(), () => new Tensor([2]), () => gpu.check(), () => update({ x, a: 1, b: 1 })]
  ) {
    const { kind, message } = assertThrows(use, GpuError);
    assertEquals([kind, message], ["device-lost", expected]);
  }
  await assertRejects(() => x.read(), GpuError, expected);
  await assertRejects(() => gpu.settle(), GpuError, expected);
  x.destroy();
  program.destroy();

  const fresh = await openGpu("high-performance");
  assert(fresh !== gpu && currentGpu() === fresh && !fresh.lost);
  using y = Tensor.from(Int32Array.of(1));
  update({ x: y, a: 5, b: 2 });
  assertEquals([...await y.read()], [7], "kernels are compiled anew");
});
