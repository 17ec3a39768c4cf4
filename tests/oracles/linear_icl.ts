/**
 * The full linear attention layer in float64, written from its definition: the oracle that kernels and theory answer to.
 *
 * Model: `f(Z) = Z + W_P (Z Zᵀ / N) W_Q Z` with columns `z_i = (x_i; W x_i)`, i < N, and the query `z_N = (x_q; 0)`. The
 * prediction ŷ is the lower half of the last column. No block of `W_P`, `W_Q` is left out, and `Z Zᵀ` includes the query.
 */

/** Both merged matrices, each (D, D) row-major with D = 2d. */
export interface Model {
  wP: Float64Array;
  wQ: Float64Array;
}

/** One in-context regression problem; all arrays row-major. */
export interface Prompt {
  /** Context inputs x_i, (N, d). */
  tokens: Float64Array;
  /** Query input x_q, (d). */
  query: Float64Array;
  /** The linear map W, (d, d). */
  task: Float64Array;
}

/** Mean loss over prompts and its gradient, each (D, D) row-major. */
export interface LossAndGradient {
  loss: number;
  dWP: Float64Array;
  dWQ: Float64Array;
}

/** C (rows, columns) = A (rows, inner) · B (inner, columns). */
function matmul(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const c = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k] * b[k * columns + j];
      c[i * columns + j] = sum;
    }
  }
  return c;
}

function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, k) => a[(k % rows) * columns + Math.floor(k / rows)]);
}

/** Z (D, N+1), its last column z_q (D), and the attention moment Z Zᵀ / N (D, D). */
function embed(prompt: Prompt): { z: Float64Array; moment: Float64Array; columns: number } {
  const d = prompt.query.length, N = prompt.tokens.length / d;
  if (!Number.isInteger(N) || N < 1) {
    throw new RangeError(`expected tokens of length N·d with d = ${d}, found ${prompt.tokens.length}`);
  }
  if (prompt.task.length !== d * d) {
    throw new RangeError(`expected task of length ${d * d}, found ${prompt.task.length}`);
  }
  const columns = N + 1, z = new Float64Array(2 * d * columns);
  const outputs = matmul(prompt.tokens, transpose(prompt.task, d, d), N, d, d);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < d; i++) {
      z[i * columns + n] = prompt.tokens[n * d + i];
      z[(d + i) * columns + n] = outputs[n * d + i];
    }
  }
  for (let i = 0; i < d; i++) z[i * columns + N] = prompt.query[i];
  const moment = matmul(z, transpose(z, 2 * d, columns), 2 * d, columns, 2 * d).map((v) => v / N);
  return { z, moment, columns };
}

/** ŷ (d): the lower half of the last column of f(Z), every column of f computed. */
export function predict(model: Model, prompt: Prompt): Float64Array {
  const d = prompt.query.length, D = 2 * d;
  for (const name of ["wP", "wQ"] as const) {
    if (model[name].length !== D * D) {
      throw new RangeError(`expected ${name} of length ${D * D}, found ${model[name].length}`);
    }
  }
  const { z, moment, columns } = embed(prompt);
  const update = matmul(matmul(matmul(model.wP, moment, D, D, D), model.wQ, D, D, D), z, D, D, columns);
  return Float64Array.from({ length: d }, (_, i) => {
    const last = (d + i) * columns + columns - 1;
    return z[last] + update[last];
  });
}

/**
 * Mean over prompts of ½‖ŷ − W x_q‖² and its gradient.
 *
 * With r = (0; ŷ − W x_q) and M = Z Zᵀ / N:  dW_P = r (M W_Q z_q)ᵀ,  dW_Q = (M W_Pᵀ r) z_qᵀ.
 */
export function lossAndGradient(model: Model, prompts: readonly Prompt[]): LossAndGradient {
  if (prompts.length === 0) throw new RangeError("expected at least one prompt, found none");
  const d = prompts[0].query.length, D = 2 * d;
  const dWP = new Float64Array(D * D), dWQ = new Float64Array(D * D);
  let loss = 0;
  for (const prompt of prompts) {
    const { moment } = embed(prompt);
    const zq = new Float64Array(D), residual = new Float64Array(D);
    zq.set(prompt.query);
    const target = matmul(prompt.task, prompt.query, d, d, 1), prediction = predict(model, prompt);
    for (let i = 0; i < d; i++) {
      residual[d + i] = prediction[i] - target[i];
      loss += residual[d + i] ** 2 / (2 * prompts.length);
    }
    const forward = matmul(moment, matmul(model.wQ, zq, D, D, 1), D, D, 1);
    const backward = matmul(moment, matmul(transpose(model.wP, D, D), residual, D, D, 1), D, D, 1);
    for (let i = 0; i < D; i++) {
      for (let j = 0; j < D; j++) {
        dWP[i * D + j] += residual[i] * forward[j] / prompts.length;
        dWQ[i * D + j] += backward[i] * zq[j] / prompts.length;
      }
    }
  }
  return { loss, dWP, dWQ };
}
