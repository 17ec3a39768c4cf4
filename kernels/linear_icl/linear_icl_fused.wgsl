// S steps of SGD on fresh prompts for ŷ = lower half of [Z + W_P (Z Zᵀ / N) W_Q Z] z_q,   L = ½ |ŷ − W x_q|²
//
// One workgroup per replica, one lane per prompt. With the query z_q = (x_q; 0) and the blocks W_P = [[·,·],[p1,p2]],
// W_Q = [[q1,·],[q2,·]], and Z Zᵀ written out for y_i = W x_i:
//   v = q1 x_q + Wᵀ q2 x_q          s = Σ̂ v          h1 = s + x_q (x_q·q1 x_q)/N     h2 = W s
//   ŷ = p1 h1 + p2 h2               δ = ŷ − W x_q
//   dp1 = δ h1ᵀ   dp2 = δ h2ᵀ       g1 = p1ᵀ δ       g2 = p2ᵀ δ
//   t = Σ̂ (g1 + Wᵀ g2)              dq1 = (t + x_q (x_q·g1)/N) x_qᵀ                  dq2 = W t x_qᵀ
// The other blocks of W_P and W_Q never reach the loss: their gradient is identically zero, so SGD leaves them as they are.
//
// Parameters, gradients and moments of a lane stay in registers: every index is a constant once the loops are unrolled.
const D: u32 = 4u;
const LANES: u32 = 8u;
// 1: entries of W are those of a (D, D) matrix; 0: W is diagonal in the eigenbasis of the input covariance.
const DENSE: u32 = 0u;
// 1: W is one of P tasks of a fixed pool; 0: entries are fresh N(0, 1).
const POOLED: u32 = 0u;
// 1: Σ̂ is summed token by token; 0: drawn from its Wishart law.
const TOKENS: u32 = 0u;
const TASK: u32 = D + DENSE * (D * D - D);
const DD: u32 = D * D;
const M: u32 = 4u * D * D;
const TRIANGLE: u32 = D * (D + 1u) / 2u;
const LOWER: u32 = TRIANGLE - D;
const LOWER_BLOCKS: u32 = (LOWER + 3u) / 4u;
const BLOCKS: u32 = (D + 3u) / 4u;
const TASK_BLOCKS: u32 = (TASK + 3u) / 4u;

struct Dims { R: u32, B: u32, P: u32, K: u32, tokens: u32, wishart: u32, chi: u32, query: u32, task: u32, pool: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;             // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;             // (3)
@group(0) @binding(3) var<storage, read> context: array<f32>;           // (R)
@group(0) @binding(4) var<storage, read> lr: array<f32>;                // (R)
@group(0) @binding(5) var<storage, read> deviation: array<f32>;         // (R, D)
@group(0) @binding(6) var<storage, read> pools: array<f32>;             // (R, P, TASK)
@group(0) @binding(7) var<storage, read_write> parameters: array<f32>;  // (R, C)
@group(0) @binding(8) var<storage, read_write> losses: array<f32>;      // (K, R)

// p1, p2, q1, q2 in turn, each row-major.
var<workgroup> weights: array<f32, M>;
var<workgroup> partial: array<f32, (M + 1u) * LANES>;

// Element of the flat (2, 2D, 2D) parameters at which entry e of p1, p2, q1, q2 lies.
fn place(e: u32) -> u32 {
  let block = e / DD;
  let i = (e % DD) / D;
  let j = e % D;
  let p_entry = (D + i) * 2u * D + (block % 2u) * D + j;
  let q_entry = 4u * DD + ((block % 2u) * D + i) * 2u * D + j;
  return select(q_entry, p_entry, block < 2u);
}

fn symmetric_product(a: ptr<function, array<f32, TRIANGLE>>, v: ptr<function, array<f32, D>>) -> array<f32, D> {
  var y = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    for (var j = 0u; j < D; j++) { // unroll
      y[i] += (*a)[max(i, j) * (max(i, j) + 1u) / 2u + min(i, j)] * (*v)[j];
    }
  }
  return y;
}

fn product(a: ptr<function, array<f32, DD>>, v: ptr<function, array<f32, D>>) -> array<f32, D> {
  var y = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    for (var j = 0u; j < D; j++) { // unroll
      y[i] += (*a)[i * D + j] * (*v)[j];
    }
  }
  return y;
}

fn transposed_product(a: ptr<function, array<f32, DD>>, v: ptr<function, array<f32, D>>) -> array<f32, D> {
  var y = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    for (var j = 0u; j < D; j++) { // unroll
      y[j] += (*a)[i * D + j] * (*v)[i];
    }
  }
  return y;
}

fn apply_task(w: ptr<function, array<f32, TASK>>, v: ptr<function, array<f32, D>>) -> array<f32, D> {
  var y = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    if (DENSE == 0u) {
      y[i] = (*w)[i] * (*v)[i];
    } else {
      for (var j = 0u; j < D; j++) { // unroll
        y[i] += (*w)[(i * D + j) % TASK] * (*v)[j];
      }
    }
  }
  return y;
}

fn apply_task_transposed(w: ptr<function, array<f32, TASK>>, v: ptr<function, array<f32, D>>) -> array<f32, D> {
  var y = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    if (DENSE == 0u) {
      y[i] = (*w)[i] * (*v)[i];
    } else {
      for (var j = 0u; j < D; j++) { // unroll
        y[j] += (*w)[(i * D + j) % TASK] * (*v)[i];
      }
    }
  }
  return y;
}

fn dot_product(a: ptr<function, array<f32, D>>, b: ptr<function, array<f32, D>>) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < D; i++) { // unroll
    sum += (*a)[i] * (*b)[i];
  }
  return sum;
}

fn add_outer(a: ptr<function, array<f32, DD>>, u: ptr<function, array<f32, D>>, v: ptr<function, array<f32, D>>) {
  for (var i = 0u; i < D; i++) { // unroll
    for (var j = 0u; j < D; j++) { // unroll
      (*a)[i * D + j] += (*u)[i] * (*v)[j];
    }
  }
}

// D independent N(0, 1) of one stream position.
fn normal_vector(seed: u32, key: u32, step: u32, item: u32, first: u32) -> array<f32, D> {
  var y = array<f32, D>();
  for (var k = 0u; k < BLOCKS; k++) { // unroll
    let z = normals_from(random_bits(seed, key, step, item, first + k));
    y[(4u * k) % D] = z.x;
    if (4u * k + 1u < D) {
      y[(4u * k + 1u) % D] = z.y;
    }
    if (4u * k + 2u < D) {
      y[(4u * k + 2u) % D] = z.z;
    }
    if (4u * k + 3u < D) {
      y[(4u * k + 3u) % D] = z.w;
    }
  }
  return y;
}

// Lower triangle of Σ_n x_n x_nᵀ over n independent tokens x ~ N(0, 1).
fn sum_tokens(seed: u32, step: u32, item: u32, n: u32) -> array<f32, TRIANGLE> {
  var a = array<f32, TRIANGLE>();
  for (var token = 0u; token < n; token++) {
    var x = normal_vector(seed, dims.tokens, step, item, token * BLOCKS);
    for (var i = 0u; i < D; i++) { // unroll
      for (var j = 0u; j <= i; j++) { // unroll
        a[i * (i + 1u) / 2u + j] += x[i] * x[j];
      }
    }
  }
  return a;
}

// The same law by Bartlett's decomposition A Aᵀ, A lower triangular: A_jj² ~ χ²(n − j), A_ij ~ N(0, 1) for i > j, and no
// column j ≥ n (the case n < D).
fn draw_wishart(seed: u32, step: u32, item: u32, n: f32) -> array<f32, TRIANGLE> {
  var normal = array<f32, TRIANGLE>();
  for (var k = 0u; k < LOWER_BLOCKS; k++) { // unroll
    let z = normals_from(random_bits(seed, dims.wishart, step, item, k));
    normal[4u * k] = z.x;
    if (4u * k + 1u < LOWER) {
      normal[(4u * k + 1u) % TRIANGLE] = z.y;
    }
    if (4u * k + 2u < LOWER) {
      normal[(4u * k + 2u) % TRIANGLE] = z.z;
    }
    if (4u * k + 3u < LOWER) {
      normal[(4u * k + 3u) % TRIANGLE] = z.w;
    }
  }
  var factor = array<f32, TRIANGLE>();
  for (var j = 0u; j < D; j += 2u) { // unroll
    let chi = sqrt(chi_square_pair(seed, dims.chi, step, item, j / 2u, vec2f(n - f32(j), n - f32(j + 1u))));
    factor[j * (j + 1u) / 2u + j] = chi.x;
    if (j + 1u < D) {
      factor[((j + 1u) * (j + 2u) / 2u + j + 1u) % TRIANGLE] = chi.y;
    }
  }
  for (var i = 1u; i < D; i++) { // unroll
    for (var j = 0u; j < i; j++) { // unroll
      factor[i * (i + 1u) / 2u + j] = select(0.0, normal[i * (i - 1u) / 2u + j], f32(j) < n);
    }
  }
  var a = array<f32, TRIANGLE>();
  for (var i = 0u; i < D; i++) { // unroll
    for (var j = 0u; j <= i; j++) { // unroll
      for (var k = 0u; k <= j; k++) { // unroll
        a[i * (i + 1u) / 2u + j] += factor[i * (i + 1u) / 2u + k] * factor[j * (j + 1u) / 2u + k];
      }
    }
  }
  return a;
}

fn draw_task(seed: u32, step: u32, item: u32, r: u32) -> array<f32, TASK> {
  var w = array<f32, TASK>();
  if (POOLED == 1u) {
    let choice = random_bits(seed, dims.pool, step, item, 0u).x % dims.P;
    for (var e = 0u; e < TASK; e++) { // unroll
      w[e] = pools[(r * dims.P + choice) * TASK + e];
    }
  } else {
    for (var k = 0u; k < TASK_BLOCKS; k++) { // unroll
      let z = normals_from(random_bits(seed, dims.task, step, item, k));
      w[4u * k] = z.x;
      if (4u * k + 1u < TASK) {
        w[(4u * k + 1u) % TASK] = z.y;
      }
      if (4u * k + 2u < TASK) {
        w[(4u * k + 2u) % TASK] = z.z;
      }
      if (4u * k + 3u < TASK) {
        w[(4u * k + 3u) % TASK] = z.w;
      }
    }
  }
  return w;
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  // The grid may overshoot: surplus groups repeat the last replica's work and store nothing.
  let index = group_index(group, groups);
  let live = index < dims.R;
  let r = min(index, dims.R - 1u);
  let seed = seeds[r];
  let n = context[r];
  let per_token = 1.0 / n;
  let rate = lr[r] / f32(dims.B);
  var sd = array<f32, D>();
  for (var i = 0u; i < D; i++) { // unroll
    sd[i] = deviation[r * D + i];
  }
  for (var e = lane; e < M; e += LANES) {
    weights[e] = parameters[r * 2u * M + place(e)];
  }
  workgroupBarrier();

  let first = clock[0];
  let last = min(first + clock[2], clock[1]);
  for (var step = first; step < last; step++) {
    var p1 = array<f32, DD>();
    var p2 = array<f32, DD>();
    var q1 = array<f32, DD>();
    var q2 = array<f32, DD>();
    // A loop over rows instead of D² loads, which are long to compile: each enters at the end while the others move up.
    for (var row = 0u; row < D; row++) {
      for (var e = 0u; e < DD - D; e++) { // unroll
        p1[e] = p1[e + D];
        p2[e] = p2[e + D];
        q1[e] = q1[e + D];
        q2[e] = q2[e + D];
      }
      for (var j = 0u; j < D; j++) { // unroll
        p1[DD - D + j] = weights[row * D + j];
        p2[DD - D + j] = weights[DD + row * D + j];
        q1[DD - D + j] = weights[2u * DD + row * D + j];
        q2[DD - D + j] = weights[3u * DD + row * D + j];
      }
    }
    var dp1 = array<f32, DD>();
    var dp2 = array<f32, DD>();
    var dq1 = array<f32, DD>();
    var dq2 = array<f32, DD>();
    var loss = 0.0;

    for (var item = lane; item < dims.B; item += LANES) {
      var sigma = array<f32, TRIANGLE>();
      if (TOKENS == 1u) {
        sigma = sum_tokens(seed, step, item, u32(n));
      } else {
        sigma = draw_wishart(seed, step, item, n);
      }
      for (var i = 0u; i < D; i++) { // unroll
        for (var j = 0u; j <= i; j++) { // unroll
          sigma[i * (i + 1u) / 2u + j] *= sd[i] * sd[j] * per_token;
        }
      }
      var x = normal_vector(seed, dims.query, step, item, 0u);
      for (var i = 0u; i < D; i++) { // unroll
        x[i] *= sd[i];
      }
      var w = draw_task(seed, step, item, r);

      var u1 = product(&q1, &x);
      var u2 = product(&q2, &x);
      var v = apply_task_transposed(&w, &u2);
      let self_overlap = dot_product(&x, &u1) * per_token;
      for (var i = 0u; i < D; i++) { // unroll
        v[i] += u1[i];
      }
      var h1 = symmetric_product(&sigma, &v);
      var h2 = apply_task(&w, &h1);
      for (var i = 0u; i < D; i++) { // unroll
        h1[i] += self_overlap * x[i];
      }
      var delta = product(&p1, &h1);
      var upper = product(&p2, &h2);
      var label = apply_task(&w, &x);
      for (var i = 0u; i < D; i++) { // unroll
        delta[i] += upper[i] - label[i];
      }
      loss += 0.5 * dot_product(&delta, &delta);

      add_outer(&dp1, &delta, &h1);
      add_outer(&dp2, &delta, &h2);
      var g1 = transposed_product(&p1, &delta);
      var g2 = transposed_product(&p2, &delta);
      var back = apply_task_transposed(&w, &g2);
      let self_back = dot_product(&x, &g1) * per_token;
      for (var i = 0u; i < D; i++) { // unroll
        back[i] += g1[i];
      }
      var t1 = symmetric_product(&sigma, &back);
      var t2 = apply_task(&w, &t1);
      for (var i = 0u; i < D; i++) { // unroll
        t1[i] += self_back * x[i];
      }
      add_outer(&dq1, &t1, &x);
      add_outer(&dq2, &t2, &x);
    }

    for (var row = 0u; row < D; row++) {
      for (var j = 0u; j < D; j++) { // unroll
        partial[(row * D + j) * LANES + lane] = dp1[j];
        partial[(DD + row * D + j) * LANES + lane] = dp2[j];
        partial[(2u * DD + row * D + j) * LANES + lane] = dq1[j];
        partial[(3u * DD + row * D + j) * LANES + lane] = dq2[j];
      }
      for (var e = 0u; e < DD - D; e++) { // unroll
        dp1[e] = dp1[e + D];
        dp2[e] = dp2[e + D];
        dq1[e] = dq1[e + D];
        dq2[e] = dq2[e + D];
      }
    }
    partial[M * LANES + lane] = loss;
    workgroupBarrier();
    for (var e = lane; e <= M; e += LANES) {
      var sum = 0.0;
      for (var l = 0u; l < LANES; l++) { // unroll
        sum += partial[e * LANES + l];
      }
      if (e < M) {
        weights[e] -= rate * sum;
      } else if (live) {
        losses[(step % dims.K) * dims.R + r] = sum / f32(dims.B);
      }
    }
    workgroupBarrier();
  }
  if (live) {
    for (var e = lane; e < M; e += LANES) {
      parameters[r * 2u * M + place(e)] = weights[e];
    }
  }
}
