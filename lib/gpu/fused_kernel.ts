/** Writing one kernel for several launches: a kernel, and functions of single numbers of what it stores. */
import type { Declaration, Sizes, TensorBinding } from "./declaration.ts";
import type { Gpu } from "./device.ts";
import { foldGroups } from "./dispatch.ts";
import type { DType } from "./dtype.ts";
import type { ElementMap, Walk, Width } from "./element_map.ts";
import groupIndex from "./group_index.part.wgsl" with { type: "text" };
import type { Bound, Launch, LaunchSource } from "./launch.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { packUniform } from "./shapes.ts";
import { storesOf } from "./stores.ts";
import type { Tensor } from "./tensor.ts";
import type { WgslFiles } from "./wgsl.ts";

/** A function in a fused kernel. */
export interface FusedPart {
  /** Its own launch. */
  readonly launch: Launch;
  /** For each argument the value it takes: 0 is what the first launch stores, k > 0 the result of part k − 1; null: memory. */
  readonly values: readonly (number | null)[];
}

/** Launches that become one. */
export interface Fusion {
  /** The kernel whose stores the functions follow, or null: then value 0 is missing, and functions are all there is. */
  readonly host: Launch | null;
  /** Functions, in order. */
  readonly parts: readonly FusedPart[];
  /** Whether each value (of the host, then of the parts) is stored too. */
  readonly stored: readonly boolean[];
  /** Numbers that the functions take at a time. */
  readonly width: Width;
}

/** A function's launch, with what is known to be there. */
export interface MapLaunch {
  /** The call. */
  readonly source: LaunchSource;
  /** The function. */
  readonly map: ElementMap;
  /** Tensors of its arguments, in order, and how they are read. */
  readonly inputs: readonly { readonly tensor: Tensor<DType>; readonly walk: Walk | null }[];
  /** Its result. */
  readonly output: Tensor<DType>;
}

/**
 * Reads a launch as a function of single numbers.
 *
 * @param launch Any launch.
 * @returns The function and its tensors, or null if it is none.
 */
export function mapOf({ source, tensors }: Launch): MapLaunch | null {
  if (!source?.kernel.map) return null;
  const { kernel, values } = source;
  const { map } = source.kernel;
  const bound = (name: string) => {
    const { slot } = kernel.tensors.find((tensor) => tensor.name === name)!;
    return tensors.find((tensor) => tensor.slot === slot)!.tensor;
  };
  const reads = map!.reads?.(values) ?? {};
  const inputs = map!.inputs.map((name) => ({ tensor: bound(name), walk: reads[name] ?? null }));
  return { source, map: map!, inputs, output: bound(map!.output) };
}

/**
 * The output behind whose stores a launch lets functions be put.
 *
 * @param launch Any launch.
 * @returns The tensor, and how many numbers are stored at a time; null if there is none.
 */
export function epilogueOf({ source, tensors }: Launch): { tensor: Tensor<DType>; width: Width } | null {
  const epilogue = source?.kernel.epilogue;
  if (!source || !epilogue || source.kernel.uniform === null) return null;
  const binding = source.kernel.tensors.find(({ name }) => name === epilogue.output)!;
  const element = elementOf(source.kernel, binding);
  if (!element) return null;
  return { tensor: tensors.find(({ slot }) => slot === binding.slot)!.tensor, width: element === "f32" ? 1 : 4 };
}

function elementOf({ code }: Declaration, { type }: Pick<TensorBinding, "type">): "f32" | "vec4f" | null {
  const inside = /^array<(\w+)>$/.exec(type)?.[1];
  const element = inside === "Element" ? aliased(code) : inside;
  return element === "f32" || element === "vec4f" ? element : null;
}

/** The type that `Element` stands for in a kernel, if it does for any. */
function aliased(code: WgslFiles): string | undefined {
  return Object.values(code).map((text) => /^alias Element = (\w+);/m.exec(text)?.[1]).find((name) =>
    name !== undefined
  );
}

/**
 * Whether an input can be read `width` numbers at a time.
 *
 * @param walk How it is read.
 * @param width Numbers at a time.
 * @returns Whether neighbours lie side by side, or are one number.
 */
export function readableBy(walk: Walk | null, width: Width): boolean {
  if (walk === null || width === 1) return true;
  const { extents, steps } = walk;
  const last = steps.length - 1;
  if (extents[last] % 4 !== 0) return false;
  return steps[last] === 0 || (steps[last] === 1 && steps.slice(0, -1).every((step) => step % 4 === 0));
}

/** A stretch of the index: axes along which an input repeats, or does not. */
interface Axis {
  extent: number;
  step: number;
}

/** The walk in as few axes as it takes, outermost first. */
function shortened({ extents, steps }: Walk): Axis[] {
  const axes: Axis[] = [];
  extents.forEach((extent, k) => {
    if (extent === 1) return;
    const before = axes.at(-1);
    if (before && before.step === steps[k] * extent) {
      Object.assign(before, { extent: before.extent * extent, step: steps[k] });
    } else axes.push({ extent, step: steps[k] });
  });
  return axes;
}

/** Collects the text, tensors and numbers of a kernel while it is written. */
class Writer {
  readonly files: Record<string, string> = {};
  readonly functions: string[] = [];
  readonly tensors: TensorBinding[] = [];
  readonly bound: Bound[] = [];
  readonly fields: { name: string; type: "u32" | "f32" }[] = [];
  readonly values: Record<string, number> = {};
  readonly #width: Width;
  #slot: number;

  constructor(width: Width, firstSlot: number) {
    this.#width = width;
    this.#slot = firstSlot;
  }

  get element(): "f32" | "vec4f" {
    return this.#width === 1 ? "f32" : "vec4f";
  }

  number(type: "u32" | "f32", value: number): string {
    const name = `q${this.fields.length}`;
    this.fields.push({ name, type });
    this.values[name] = value;
    return `dims.${name}`;
  }

  /** Binds a tensor; its name in the text. */
  bind(tensor: Tensor<DType>, access: "read" | "write", element: string): string {
    const slot = this.#slot++;
    const name = `t${slot}`;
    const type = `array<${element}>`;
    const output = access === "write";
    this.tensors.push({ name, slot, access: output ? "read_write" : "read", type, axes: [name], output });
    this.bound.push({ slot, tensor, access });
    return name;
  }

  /** An expression that reads a tensor at the index `i` of the result. */
  read(tensor: Tensor<DType>, walk: Walk | null): string {
    if (walk === null) return `${this.bind(tensor, "read", this.element)}[i]`;
    const axes = shortened(walk);
    const repeats = axes.at(-1)?.step === 0 || axes.length === 0;
    const name = this.bind(tensor, "read", repeats ? "f32" : this.element);
    const one = repeats ? 1 : this.#width;
    const lines = ["var rest = i;", "var at = 0u;"];
    for (let k = axes.length - 1; k >= 0; k--) {
      const innermost = k === axes.length - 1;
      const { extent, step } = axes[k];
      if (!axes.slice(0, k + 1).some(({ step }) => step > 0)) break;
      const length = innermost ? extent / this.#width : extent;
      const stride = innermost && !repeats ? step : step / one;
      const counts = k === 0 ? "" : this.number("u32", length);
      if (step > 0) {
        lines.push(`at += ${k === 0 ? "rest" : `(rest % ${counts})`} * ${this.number("u32", stride)};`);
      }
      if (k > 0) lines.push(`rest /= ${counts};`);
    }
    const place = `at_${name}`;
    this.functions.push(`fn ${place}(i: u32) -> u32 {\n  ${lines.join("\n  ")}\n  return at;\n}`);
    return `${this.element}(${name}[${place}(i)])`;
  }
}

/** Statements that compute all parts at index `i`, of values named v0, v1, …. */
function bodyOf({ parts, stored, host }: Fusion, maps: readonly MapLaunch[], writer: Writer): string[] {
  const lines: string[] = [];
  const { element } = writer;
  const used = new Set(parts.flatMap(({ values }) => values.filter((value) => value !== null)));
  // The function of a kernel must not be merged with the next one's: its value passes through what compilers cannot know.
  const seal = (value: number) => used.has(value) && lines.push(`let w${value} = opaque(v${value});`);
  if (host) seal(0);
  const read = new Map<string, string>();
  const owners: Tensor<DType>[] = [];
  parts.forEach(({ values }, k) => {
    const { map, inputs, output, source } = maps[k];
    const args = inputs.map(({ tensor, walk }, argument) => {
      const value = values[argument];
      if (value !== null) return `w${value}`;
      let owner = owners.findIndex((one) =>
        one.memory === tensor.memory && one.start === tensor.start && one.size === tensor.size
      );
      if (owner < 0) owner = owners.push(tensor) - 1;
      const key = JSON.stringify([owner, walk]);
      if (!read.has(key)) {
        const name = `r${read.size}`;
        lines.push(`let ${name} = ${writer.read(tensor, walk)};`);
        read.set(key, name);
      }
      return read.get(key)!;
    });
    const numbers = new Map(map.scalars.map((name) => [name, writer.number("f32", source.values[name])]));
    Object.assign(writer.files, map.files(element === "f32" ? 1 : 4));
    writer.functions.push(map.define(`part${k}`, element === "f32" ? 1 : 4, (name) => numbers.get(name)!));
    lines.push(`let v${k + 1} = part${k}(${args.join(", ")});`);
    seal(k + 1);
    if (stored[k + 1]) lines.push(`${writer.bind(output, "write", element)}[i] = v${k + 1};`);
  });
  return lines;
}

function opaque(element: "f32" | "vec4f", zero: string): string {
  const bits = element === "f32" ? "u32" : "vec4u";
  return `// The value itself: what is added to its bits is 0, which no compiler can know.
fn opaque(v: ${element}) -> ${element} {
  return bitcast<${element}>(bitcast<${bits}>(v) ^ ${bits}(${zero}));
}`;
}

const pipelines = new WeakMap<Gpu, Map<string, Pipeline>>();

/**
 * Writes one launch for several. Kernels of the same text are compiled once.
 *
 * @param gpu Device.
 * @param fusion What becomes one.
 * @returns The launch; its label has those of its parts.
 */
export function fusedLaunch(gpu: Gpu, fusion: Fusion): Launch {
  const { host, parts } = fusion;
  const label = [...(host ? [host.label] : []), ...parts.map(({ launch }) => launch.label)].join(" + ");
  const maps = parts.map(({ launch }) => mapOf(launch)!);
  const written = host ? behind(host, fusion, maps) : alone(label, fusion, maps);
  const { kernel, values, constants, bound, groups } = written;
  const uniform = { slot: kernel.uniform!, bytes: packUniform(label, kernel.fields, values) };
  const compiled = () => {
    const known = pipelines.get(gpu) ?? new Map<string, Pipeline>();
    pipelines.set(gpu, known);
    const key = JSON.stringify([label, kernel.code, constants]);
    const found = known.get(key) ?? createPipeline(gpu, kernel, constants, () => known.delete(key));
    known.set(key, found);
    return found;
  };
  return { label, compiled, groups, uniform, tensors: bound, flops: host ? host.flops : null };
}

interface Written {
  readonly kernel: Declaration;
  readonly values: Sizes;
  readonly constants: Sizes;
  readonly bound: readonly Bound[];
  readonly groups: Launch["groups"];
}

/** Functions put behind the stores of a kernel. */
function behind(host: Launch, fusion: Fusion, maps: readonly MapLaunch[]): Written {
  const { kernel, values, constants } = host.source!;
  const { output } = kernel.epilogue!;
  const own = kernel.tensors.find(({ name }) => name === output)!;
  const writer = new Writer(fusion.width, Math.max(kernel.uniform!, ...kernel.tensors.map(({ slot }) => slot)) + 1);
  const zero = writer.number("u32", 0);
  const lines = bodyOf(fusion, maps, writer);
  const keep = fusion.stored[0];
  const { element } = writer;
  const finish = [
    `fn finish_${output}(i: u32, v0: ${element}) {`,
    ...(keep ? [`  ${output}[i] = v0;`] : []),
    ...lines.map((line) => `  ${line}`),
    "}",
  ];
  const files = Object.entries(kernel.code);
  const stores = storesOf(files.map(([, text]) => text), output)!;
  const rewritten = files.map(([name, text], index) => {
    const replaced = stores[index].toReversed().reduce(
      (text, { from, to, index, value }) =>
        `${text.slice(0, from)}finish_${output}(${index}, ${value});${text.slice(to)}`,
      text,
    );
    const declared = keep ? replaced : replaced.replace(bindingLine(own), "");
    return [name, declared.replace(/(struct\s+Dims\s*\{[^}]*?),?(\s*\})/, `$1,\n${fieldsOf(writer)}$2`)];
  });
  const added = Object.fromEntries(Object.entries(writer.files).filter(([name]) => !(name in kernel.code)));
  const code = { ...Object.fromEntries(rewritten), ...added, "fused": textOf(writer, zero, finish) };
  const tensors = [...kernel.tensors.filter((tensor) => keep || tensor !== own), ...writer.tensors];
  const bound = [...host.tensors.filter(({ slot }) => keep || slot !== own.slot), ...writer.bound];
  const fields = [...kernel.fields, ...writer.fields];
  return {
    kernel: { ...kernel, label: host.label, code, tensors, fields },
    values: { ...values, ...writer.values },
    constants,
    bound,
    groups: host.groups,
  };
}

function bindingLine({ name }: TensorBinding): RegExp {
  return new RegExp(
    `^[^\\S\\n]*@group\\(\\d+\\)\\s*@binding\\(\\d+\\)\\s*var<storage[^>]*>\\s*${name}\\s*:[^\\n]*$`,
    "m",
  );
}

function fieldsOf(writer: Writer): string {
  return writer.fields.map(({ name, type }) => `  ${name}: ${type},`).join("\n");
}

function textOf(writer: Writer, zero: string, main: readonly string[]): string {
  const bindings = writer.tensors.map(({ name, slot, access, type }) =>
    `@group(0) @binding(${slot}) var<storage, ${access}> ${name}: ${type};`
  );
  return [...bindings, opaque(writer.element, zero), ...writer.functions, ...main].join("\n");
}

/** Functions on their own, one invocation for each element. */
function alone(label: string, fusion: Fusion, maps: readonly MapLaunch[]): Written {
  const { width } = fusion;
  const writer = new Writer(width, 1);
  const count = maps[0].output.size / width;
  const zero = writer.number("u32", 0);
  const end = writer.number("u32", count);
  const lines = bodyOf(fusion, maps, writer);
  const main = [
    "@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,",
    "    @builtin(local_invocation_index) lane: u32) {",
    "  let i = group_index(group, groups) * 64u + lane;",
    `  if (i >= ${end}) {`,
    "    return;",
    "  }",
    ...lines.map((line) => `  ${line}`),
    "}",
  ];
  const dims = `struct Dims {\n${fieldsOf(writer)}\n}\n@group(0) @binding(0) var<uniform> dims: Dims;\n`;
  const code = {
    ...writer.files,
    fused: dims + textOf(writer, zero, main),
    "lib/gpu/group_index.part.wgsl": groupIndex,
  };
  const kernel: Declaration = {
    label,
    code,
    tensors: writer.tensors,
    uniform: 0,
    fields: writer.fields,
    scalars: [],
    constants: [],
    groups: () => 0,
    flops: null,
    map: null,
    epilogue: null,
  };
  const groups = foldGroups(label, Math.ceil(count / 64));
  return { kernel, values: writer.values, constants: {}, bound: writer.bound, groups };
}

/**
 * Whether a function's files can join those of a kernel.
 *
 * @param host Kernel.
 * @param map Function.
 * @param width Numbers at a time.
 * @returns False if both would say what an element is, and differently.
 */
export function filesFit(host: Launch, map: ElementMap, width: Width): boolean {
  const { code } = host.source!.kernel;
  const files = map.files(width);
  const [theirs, ours] = [aliased(code), aliased(files)];
  const same = Object.entries(files).every(([name, text]) => !(name in code) || code[name] === text);
  return same && (theirs === undefined || ours === undefined || theirs === ours);
}
