/** The two models, patterns in and out of distribution, and pruned weights. */
import * as lab from "../../mod.ts";
import { type ORDERS, PATTERNS, type Setting } from "./setting.ts";

/** Outputs of prompts. */
export interface Outputs {
  /** F (R, B), of which the sign is the answer. */
  readonly F: lab.Tensor;
  /** Attention to the examples with the query's pattern (R, B); of the one-layer model. */
  readonly attention?: lab.Tensor;
}

/** Tokens of the coordinates in which prompts are sparse. */
export interface PatternTable {
  /** Rows (R, G, C): relevant patterns, irrelevant ones, label. */
  readonly rows: lab.Tensor;
  /** How many are relevant. */
  readonly relevant: number;
}

/** A model of prompts. */
export interface PatternModel {
  /** Parameters of one replica. */
  readonly parameters: lab.ParameterSpecs;
  /** Incoming weights of neurons: matrices, the axis along which neurons lie, and their bias, by name. */
  readonly neurons: readonly { readonly name: string; readonly axis: 0 | 1; readonly bias?: string }[];
  /** Runs the model on prompts of the training patterns, or of those of a table. */
  apply(weights: lab.Weights, prompts: lab.PatternTasksBatch, table?: PatternTable): Outputs;
}

/** Fixed weight a of each neuron (m): ±1/√m, one half of each. */
export const outer = (m: number) => Float32Array.from({ length: m }, (_, i) => (i % 2 === 0 ? 1 : -1) / Math.sqrt(m));

/** Tokens that patterns have in training: β times the standard basis, and the label. */
const basisUnits = ({ irrelevant, norm }: Setting) => [...new Array<number>(PATTERNS + irrelevant).fill(norm), 1];

/**
 * One layer: `F = aᵀ ReLU(W_O W_V Σ_i p_i softmax_i(p_i · W_Kᵀ W_Q p_query))`. Query, key and value are (in, out), neurons W_O (m, C).
 * Attention is taken in the coordinates in which prompts are sparse.
 */
export function oneLayer(setting: Setting): PatternModel {
  const { neurons: m, deviation, norm } = setting;
  const units = basisUnits(setting);
  const C = units.length;
  const square = { shape: [C, C], init: { law: "constant", value: 0 } } as const;
  return {
    parameters: {
      query: square,
      key: square,
      value: square,
      neurons: { shape: [m, C], init: { law: "normal", deviation } },
    },
    neurons: [{ name: "neurons", axis: 0 }],
    apply(weights, prompts, table) {
      const constant = (values: ArrayLike<number>) => lab.own(lab.Tensor.from(values, [1, 1, values.length]));
      const inUnits = (x: lab.Tensor) => lab.multiply(x, constant(units));
      const coordinates = (x: lab.Tensor) => table ? lab.matmul(x, table.rows, { transposeB: true }) : inUnits(x);
      const { query } = prompts;
      const scores = lab.matmul(lab.matmul(query, weights.query), weights.key, { transposeB: true });
      const pooled = lab.sparseAttention(coordinates(scores), prompts, prompts.index.shape[2] - 1);
      const mean = table ? lab.matmul(pooled, table.rows) : inUnits(pooled);
      const hidden = lab.relu(lab.matmul(lab.matmul(mean, weights.value), weights.neurons, { transposeB: true }));
      // Patterns are orthogonal: of the query's coordinates the relevant one is β², and that of the mean example the attention to it.
      const relevant = table?.relevant ?? PATTERNS;
      const shown = lab.multiply(lab.slice(coordinates(query), 2, 0, relevant), lab.slice(pooled, 2, 0, relevant));
      return {
        F: lab.sum(lab.multiply(hidden, constant(outer(m))), [2]),
        attention: lab.scale(lab.sum(shown, [2]), norm ** -2),
      };
    },
  };
}

/** A decoder without positions, which answers at the query's place. */
export function decoder({ irrelevant, layers, heads, width, mlp }: Setting): PatternModel {
  const shape = { layers, heads, width, mlp, outputs: 1, positions: "none", predict: "last" } as const;
  const model = lab.transformer({ ...shape, input: { dimension: PATTERNS + irrelevant + 1 }, length: 1024 });
  const neurons = Array.from({ length: layers }, (_, layer) => `blocks.${layer}.mlp.in`);
  return {
    parameters: model.parameters,
    neurons: neurons.map((name) => ({ name, axis: 1, bias: `${name}_bias` })),
    apply: (weights, { tokens }) => ({ F: lab.select(model.apply(weights, tokens), 2, 0) }),
  };
}

/** Initial weights of the one-layer model: queries, keys and values are δ times the identity. */
export function withIdentity(arrays: readonly lab.NamedArray[], delta: number): lab.NamedArray[] {
  return arrays.map((array) => {
    if (array.name === "neurons") return array;
    const C = array.shape[2];
    return { ...array, data: array.data.map((_, at) => at % (C * C) % (C + 1) === 0 ? delta : 0) };
  });
}

/** Training patterns of R replicas, β times the standard basis. */
export function trainingPatterns({ irrelevant: K, norm }: Setting, R: number) {
  const D = PATTERNS + K;
  const rows = (from: number, count: number) =>
    lab.Tensor.from(
      Float32Array.from({ length: R * count * D }, (_, at) => at % D === from + Math.floor(at / D) % count ? norm : 0),
      [R, count, D],
    );
  return { relevant: rows(0, PATTERNS), irrelevant: rows(PATTERNS, K) };
}

/** Rows of an orthonormal basis of n dimensions, of which the first has equal entries. */
function evenBasis(n: number): number[][] {
  const rows = Array.from({ length: n - 1 }, (_, k) => {
    const size = Math.sqrt((k + 1) * (k + 2));
    return Array.from({ length: n }, (_, i) => i <= k ? 1 / size : i === k + 1 ? -(k + 1) / size : 0);
  });
  return [new Array<number>(n).fill(1 / Math.sqrt(n)), ...rows];
}

/**
 * Three patterns out of distribution: random orthonormal combinations of the relevant patterns, each with coefficient sum S₁, |S₁| ≤ √2.
 *
 * @param seed Seed of the replica.
 * @param S1 Sum of the coefficients of each.
 * @returns Coefficients (3, M₁).
 */
export function combinations(seed: number, S1: number): number[][] {
  const n = 3;
  const drawn = lab.randomSubspace({ seed, key: "patterns out of distribution" }, PATTERNS - 1, n);
  const [even, ...rest] = evenBasis(PATTERNS);
  const across = Array.from(
    { length: n },
    (_, k) => even.map((_, i) => rest.reduce((sum, row, d) => sum + row[i] * drawn[d * n + k], 0)),
  );
  // Their sum has the length √3 and the coefficient sum 3 S₁.
  const along = S1 * Math.sqrt(n / PATTERNS);
  const directions = across.map((row, k) =>
    k > 0 ? row : row.map((value, i) => along * even[i] + Math.sqrt(1 - along ** 2) * value)
  );
  const mixing = evenBasis(n);
  return mixing.map((_, j) => even.map((_, i) => directions.reduce((sum, row, k) => sum + mixing[k][j] * row[i], 0)));
}

/**
 * Patterns to test on: given combinations of the relevant ones, and a random rotation of the irrelevant ones.
 *
 * @param setting Sizes.
 * @param seeds Seeds of the replicas.
 * @param coefficients Coefficients (M', M₁) of a replica's relevant patterns.
 * @returns Patterns, and their table.
 */
export function testPatterns(
  { irrelevant: K, norm }: Setting,
  seeds: readonly number[],
  coefficients: (seed: number) => readonly (readonly number[])[],
) {
  const [R, D] = [seeds.length, PATTERNS + K];
  const relevant = seeds.map((seed) => coefficients(seed).map((row) => [...row, ...new Array<number>(K).fill(0)]));
  const irrelevant = seeds.map((seed) => {
    const q = lab.randomSubspace({ seed, key: "irrelevant patterns out of distribution" }, K, K);
    return Array.from(
      { length: K },
      (_, k) => [...new Array<number>(PATTERNS).fill(0), ...q.slice(k * K, (k + 1) * K)],
    );
  });
  const count = relevant[0].length;
  const tensor = (rows: readonly (readonly (readonly number[])[])[]) =>
    lab.Tensor.from(rows.flat(2).map((value) => norm * value), [R, rows[0].length, D]);
  const label = [...new Array<number>(D).fill(0), 1];
  const table = seeds.map((_, r) => [
    ...[...relevant[r], ...irrelevant[r]].map((row) => [...row.map((value) => norm * value), 0]),
    label,
  ]);
  const rows = lab.Tensor.from(table.flat(2), [R, count + K + 1, D + 1]);
  const patterns = { relevant: tensor(relevant), irrelevant: tensor(irrelevant) };
  const owned = [patterns.relevant, patterns.irrelevant, rows];
  return {
    patterns,
    table: { rows, relevant: count },
    [Symbol.dispose]: () => owned.forEach((each) => each.destroy()),
  };
}

/**
 * Removes neurons by the norm of their incoming weights, the same share of each layer.
 *
 * @param model The model.
 * @param arrays Its parameters (R, …).
 * @param order Which go first; random ones are drawn by seed.
 * @param share Share of the neurons that goes.
 * @param seeds Seeds of the replicas.
 * @returns Parameters in which the incoming weights of these neurons are 0.
 */
export function prune(
  { neurons }: PatternModel,
  arrays: readonly lab.NamedArray[],
  order: typeof ORDERS[number],
  share: number,
  seeds: readonly number[],
): lab.NamedArray[] {
  const pruned = arrays.map((array) => ({ ...array, data: array.data.slice() }));
  for (const { name, axis, bias } of neurons) {
    const { shape: [R, rows, columns], data } = lab.arrayNamed(pruned, name);
    const [m, inputs] = axis === 0 ? [rows, columns] : [columns, rows];
    const place = (r: number, i: number, d: number) => r * m * inputs + (axis === 0 ? i * inputs + d : d * m + i);
    for (let r = 0; r < R; r++) {
      const norms = Array.from({ length: m }, (_, i) => {
        let square = 0;
        for (let d = 0; d < inputs; d++) square += data[place(r, i, d)] ** 2;
        return square;
      });
      const ascending = norms.map((_, i) => i).sort((a, b) => norms[a] - norms[b]);
      const first = order === "random"
        ? [...lab.permutation({ seed: seeds[r], key: `pruned ${name}` }, m)]
        : order === "smallest first"
        ? ascending
        : ascending.reverse();
      for (const i of first.slice(0, Math.round(share * m))) {
        for (let d = 0; d < inputs; d++) data[place(r, i, d)] = 0;
        if (bias !== undefined) lab.arrayNamed(pruned, bias).data[r * m + i] = 0;
      }
    }
  }
  return pruned;
}

/**
 * Says where rows of W_O W_V point, as shares of the sum of their squares: along the mean relevant pattern and the label, their relevant
 * part along the mean pattern, and rows whose label entry has the sign of their outer weight.
 *
 * @param arrays Parameters (R, …) of the one-layer model.
 * @returns One number a replica of each.
 */
export function rowDirections(arrays: readonly lab.NamedArray[]): Record<string, number[]> {
  const [neurons, value] = ["neurons", "value"].map((name) => lab.arrayNamed(arrays, name));
  const [R, m, C] = neurons.shape;
  const found = Array.from({ length: R }, (_, r) => {
    let [all, along, relevant, mean, signed] = [0, 0, 0, 0, 0];
    for (let i = 0; i < m; i++) {
      const row = Array.from({ length: C }, (_, d) => {
        let sum = 0;
        // Values are (in, out): row i of W_O W_V has the entry Σ_k W_O[i,k] value[d,k] for input d.
        for (let k = 0; k < C; k++) sum += neurons.data[(r * m + i) * C + k] * value.data[(r * C + d) * C + k];
        return sum;
      });
      const square = row.reduce((sum, entry) => sum + entry * entry, 0);
      const patterns = row.slice(0, PATTERNS);
      const onMean = patterns.reduce((sum, entry) => sum + entry) ** 2 / PATTERNS;
      all += square;
      relevant += patterns.reduce((sum, entry) => sum + entry * entry, 0);
      mean += onMean;
      along += onMean + row[C - 1] ** 2;
      if (row[C - 1] * outer(m)[i] > 0) signed += square;
    }
    return { "mean pattern and label": along / all, "mean pattern": mean / relevant, "label's sign": signed / all };
  });
  return Object.fromEntries(
    (["mean pattern and label", "mean pattern", "label's sign"] as const).map((
      name,
    ) => [name, found.map((one) => one[name])]),
  );
}
