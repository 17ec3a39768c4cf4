/**
 * WebAssembly modules written as expressions: loops over pairs of float64 numbers, which TypeScript alone cannot ask for.
 *
 * @module
 */

/** Types of values: addresses and counts, one number, two numbers side by side. */
export type WasmType = "i32" | "f64" | "v128";

/** Instructions of a statement. */
export type Statement = readonly number[];

const TYPES: Readonly<Record<WasmType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };
const SIMD = 0xfd;
const [BLOCK, LOOP, BR, BR_IF, END, VOID] = [0x02, 0x03, 0x0c, 0x0d, 0x0b, 0x40];

/** A value that an expression leaves, with what computes it. */
export class Value {
  /**
   * @param type Type of the value.
   * @param code Instructions that leave it.
   */
  constructor(readonly type: WasmType, readonly code: Statement) {}

  /** The sum. */
  plus(other: Value | number): Value {
    return this.#with(other, { i32: [0x6a], f64: [0xa0], v128: [SIMD, 0xf0, 0x01] });
  }

  /** The difference. */
  minus(other: Value | number): Value {
    return this.#with(other, { i32: [0x6b], f64: [0xa1], v128: [SIMD, 0xf1, 0x01] });
  }

  /** The product. */
  times(other: Value | number): Value {
    return this.#with(other, { i32: [0x6c], f64: [0xa2], v128: [SIMD, 0xf2, 0x01] });
  }

  /** Both halves of a pair added. */
  halves(): Value {
    const lane = (which: number) => [...this.code, SIMD, 0x21, which];
    return new Value("f64", [...lane(0), ...lane(1), 0xa0]);
  }

  #with(other: Value | number, operations: Readonly<Record<WasmType, Statement>>): Value {
    const right = typeof other === "number" ? integer(other) : other;
    return new Value(this.type, [...this.code, ...right.code, ...operations[this.type]]);
  }
}

/** A local variable. */
export class Variable extends Value {
  readonly #index: number;

  /**
   * @param type Type of its values.
   * @param index Its number in the function.
   */
  constructor(type: WasmType, index: number) {
    super(type, [0x20, ...unsigned(index)]);
    this.#index = index;
  }

  /** Sets it. */
  set(value: Value): Statement {
    return [...value.code, 0x21, ...unsigned(this.#index)];
  }
}

/** An integer. */
export function integer(value: number): Value {
  return new Value("i32", [0x41, ...signed(value)]);
}

/** A pair of zeros. */
export const zeros: Value = new Value("v128", [SIMD, 0x0c, ...new Array(16).fill(0)]);

/** The pair at an address and a constant offset in bytes. */
export function pairAt(address: Value, offset = 0): Value {
  return new Value("v128", [...address.code, SIMD, 0x00, 3, ...unsigned(offset)]);
}

/** The number at an address, twice. */
export function twiceAt(address: Value, offset = 0): Value {
  return new Value("v128", [...address.code, SIMD, 0x0a, 3, ...unsigned(offset)]);
}

/** A number twice. */
export function twice(value: Value): Value {
  return new Value("v128", [...value.code, SIMD, 0x14]);
}

/** Stores a pair. */
export function storePair(address: Value, value: Value, offset = 0): Statement {
  return [...address.code, ...value.code, SIMD, 0x0b, 3, ...unsigned(offset)];
}

/** The number at an address. */
export function numberAt(address: Value, offset = 0): Value {
  return new Value("f64", [...address.code, 0x2b, 3, ...unsigned(offset)]);
}

/** Stores a number. */
export function storeNumber(address: Value, value: Value, offset = 0): Statement {
  return [...address.code, ...value.code, 0x39, 3, ...unsigned(offset)];
}

/** Repeats statements while a < b, checked before the first time. */
export function whileLess(a: Value, b: Value, body: readonly Statement[]): Statement {
  const leave = [...a.code, ...b.code, 0x4e, BR_IF, 1];
  return [BLOCK, VOID, LOOP, VOID, ...leave, ...body.flat(), BR, 0, END, END];
}

/** A function under construction. */
export class Body {
  readonly #locals: WasmType[] = [];
  readonly #parameters: number;
  readonly #fused: boolean;

  /**
   * @param parameters Number of parameters.
   * @param fused Whether products may be added without rounding between.
   */
  constructor(parameters: number, fused: boolean) {
    this.#parameters = parameters;
    this.#fused = fused;
  }

  /** Types of the variables. */
  get locals(): readonly WasmType[] {
    return this.#locals;
  }

  /** A new variable. */
  variable(type: WasmType): Variable {
    this.#locals.push(type);
    return new Variable(type, this.#parameters + this.#locals.length - 1);
  }

  /** Several new variables. */
  variables(type: WasmType, count: number): Variable[] {
    return Array.from({ length: count }, () => this.variable(type));
  }

  /** `c + a b` of pairs. */
  multiplyAdd(a: Value, b: Value, c: Value): Value {
    return this.#fused ? new Value("v128", [...a.code, ...b.code, ...c.code, SIMD, 0x87, 0x02]) : c.plus(a.times(b));
  }

  /** `c − a b` of pairs. */
  multiplySubtract(a: Value, b: Value, c: Value): Value {
    return this.#fused ? new Value("v128", [...a.code, ...b.code, ...c.code, SIMD, 0x88, 0x02]) : c.minus(a.times(b));
  }
}

/** A function: types of its parameters, and its statements. It returns nothing. */
export interface Definition {
  /** Types of the parameters. */
  readonly parameters: readonly WasmType[];
  /** Its statements. */
  build(body: Body, ...parameters: Variable[]): readonly Statement[];
}

/**
 * Compiles functions over a memory.
 *
 * @param definitions Functions by name.
 * @param memory What they read and write.
 * @param fused Whether products may be added without rounding between, where that is at hand.
 * @returns The functions; addresses are in bytes.
 */
export function compile<N extends string>(
  definitions: Readonly<Record<N, Definition>>,
  memory: WebAssembly.Memory,
  fused = true,
): Readonly<Record<N, (...parameters: number[]) => void>> {
  const first = encode(definitions, fused);
  // Fused products are a part of WebAssembly that not every browser has.
  const bytes = WebAssembly.validate(first) ? first : encode(definitions, false);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  return exports as Readonly<Record<N, (...parameters: number[]) => void>>;
}

function encode(definitions: Readonly<Record<string, Definition>>, fused: boolean): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(definitions);
  const types = entries.map(([, { parameters }]) => [0x60, ...list(parameters.map((type) => [TYPES[type]])), 0]);
  const memory = [...text("host"), ...text("memory"), 0x02, 0x00, 0x00];
  const bodies = entries.map(([, { parameters, build }]) => {
    const body = new Body(parameters.length, fused);
    const statements = build(body, ...parameters.map((type, index) => new Variable(type, index)));
    const code = [...list(body.locals.map((type) => [1, TYPES[type]])), ...statements.flat(), END];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list(types)),
    ...section(2, list([memory])),
    ...section(3, list(entries.map((_, index) => unsigned(index)))),
    ...section(7, list(entries.map(([name], index) => [...text(name), 0x00, ...unsigned(index)]))),
    ...section(10, list(bodies)),
  ]);
}

function section(id: number, content: Statement): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function list(items: readonly Statement[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(word: string): number[] {
  return list([...new TextEncoder().encode(word)].map((byte) => [byte]));
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push(value % 128 + (rest > 0 ? 128 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const byte = value & 127;
    value >>= 7;
    if (value === 0 && (byte & 64) === 0 || value === -1 && (byte & 64) !== 0) return [...bytes, byte];
    bytes.push(byte | 128);
  }
}
