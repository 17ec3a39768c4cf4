// S steps of SGD on fresh prompts, as linear_icl_fused, for more dimensions: a prompt's vectors are spread over lanes.
//
// One subgroup of LANES lanes per replica. Four entries of every vector lie in a lane, so that G = ⌈D/4⌉ lanes hold a
// prompt and LANES / G prompts are worked on side by side; rows 4l … 4l + 3 of every matrix lie in the l-th lane of each.
// A product takes the vector's entries one by one from their lane: code grows with D, not with D², and every index is a
// constant once loops are unrolled, so that matrices, gradients and moments stay in registers. With the terms of
// linear_icl_fused:
//   v = q1 x_q + Wᵀ q2 x_q          s = Σ̂ v          h1 = s + x_q (x_q·q1 x_q)/N     h2 = W s
//   ŷ = p1 h1 + p2 h2               δ = ŷ − W x_q
//   dp1 = δ h1ᵀ   dp2 = δ h2ᵀ       g1 = p1ᵀ δ       g2 = p2ᵀ δ
//   t = Σ̂ (g1 + Wᵀ g2)              dq1 = (t + x_q (x_q·g1)/N) x_qᵀ                  dq2 = W t x_qᵀ
//
// TOKENS 0: of Σ̂ = L S L / N with L = diag(sd) and S ~ Wishart(N) only S a for two directions is needed. Bartlett's
// factor of S in a basis that begins with a = L v / |L v| and b, the part of L (g1 + Wᵀ g2) across a, has the columns
//   c1 = √χ²(N) a + (1 − a aᵀ) ξ1             c2 = √χ²(N − 1) b + (1 − a aᵀ − b bᵀ) ξ2   (0 for N = 1)
// whence S y = c1 (c1·y) + c2 (c2·y) for every y in their plane. Exact in law for every N: v does not depend on S, and b
// depends on c1 alone.
//
// No barrier and no workgroup memory: with them a software driver keeps matrices in memory. Needs subgroups of exactly
// LANES lanes.
const D: u32 = 4u;
const LANES: u32 = 8u;
// 1: entries of W are those of a (D, D) matrix; 0: W is diagonal in the eigenbasis of the input covariance.
const DENSE: u32 = 0u;
// 1: W is one of P tasks of a fixed pool; 0: entries are fresh N(0, 1).
const POOLED: u32 = 0u;
// 1: Σ̂ is summed token by token; 0: drawn from its law.
const TOKENS: u32 = 0u;
const TASK: u32 = D + DENSE * (D * D - D);
const G: u32 = (D + 3u) / 4u;
const PROMPTS: u32 = LANES / G;
const SUMMED: u32 = TOKENS * (D - 1u) + 1u;

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

alias Matrix = array<vec4f, D>;

// A prompt's place among the lanes: its first lane, this lane's number within it, and the draws that are its own.
struct Place { base: u32, within: u32, seed: u32, step: u32, item: u32, task: u32 }

// Entry j of a vector, in all lanes of its prompt.
fn entry(x: vec4f, j: u32, place: Place) -> f32 {
  return subgroupShuffle(x[j % 4u], place.base + j / 4u);
}

// Sum over the lanes of a prompt, in all of them.
fn total(x: f32, place: Place) -> f32 {
  var sum = 0.0;
  for (var l = 0u; l < G; l++) { // unroll
    sum += subgroupShuffle(x, place.base + l);
  }
  return sum;
}

fn largest(x: vec4f, place: Place) -> f32 {
  let own = max(max(abs(x.x), abs(x.y)), max(abs(x.z), abs(x.w)));
  var most = 0.0;
  for (var l = 0u; l < G; l++) { // unroll
    most = max(most, subgroupShuffle(own, place.base + l));
  }
  return most;
}

fn product(a: ptr<function, Matrix>, x: vec4f, place: Place) -> vec4f {
  var y = vec4f();
  for (var j = 0u; j < D; j++) { // unroll
    y += (*a)[j] * entry(x, j, place);
  }
  return y;
}

fn add_outer(a: ptr<function, Matrix>, u: vec4f, v: vec4f, place: Place) {
  for (var j = 0u; j < D; j++) { // unroll
    (*a)[j] += u * entry(v, j, place);
  }
}

// This lane's block of row `row` of a dense task.
fn task_row(row: u32, place: Place) -> vec4f {
  if (POOLED == 1u) {
    let first = place.task + row * D;
    let at = vec4u(4u * place.within) + vec4u(0u, 1u, 2u, 3u);
    let safe = first + min(at, vec4u(D - 1u));
    return vec4f(pools[safe.x], pools[safe.y], pools[safe.z], pools[safe.w]);
  }
  return normals_from(random_bits(place.seed, dims.task, place.step, place.item, row * G + place.within));
}

// W u and W v. The rows of a dense task are drawn anew wherever they are needed.
fn apply_task(w: vec4f, u: vec4f, v: vec4f, place: Place) -> array<vec4f, 2> {
  if (DENSE == 0u) {
    return array<vec4f, 2>(w * u, w * v);
  }
  var y = vec4f();
  var z = vec4f();
  for (var i = 0u; i < D; i++) {
    let row = task_row(i, place);
    let here = 4u * vec4u(place.within) + vec4u(0u, 1u, 2u, 3u) == vec4u(i);
    y = select(y, vec4f(total(dot(row, u), place)), here);
    z = select(z, vec4f(total(dot(row, v), place)), here);
  }
  return array<vec4f, 2>(y, z);
}

// Wᵀ u. The entries of u move on, so that the first one is that of the row.
fn apply_task_transposed(w: vec4f, u: vec4f, place: Place) -> vec4f {
  if (DENSE == 0u) {
    return w * u;
  }
  var y = vec4f();
  var moving = u;
  let next = place.base + select(place.within + 1u, 0u, place.within + 1u == G);
  for (var i = 0u; i < D; i++) {
    y += task_row(i, place) * subgroupShuffle(moving.x, place.base);
    moving = vec4f(moving.yzw, subgroupShuffle(moving.x, next));
  }
  return y;
}

fn position(row: u32, j: u32, block: u32) -> u32 {
  return select((2u * D + (block % 2u) * D + row) * 2u * D + j, (D + row) * 2u * D + (block % 2u) * D + j, block < 2u);
}

// Column j of this lane's rows of p1, p2, q1 or q2.
fn read_column(first: u32, block: u32, j: u32, within: u32) -> vec4f {
  var y = vec4f();
  for (var k = 0u; k < 4u; k++) { // unroll
    let row = 4u * within + k;
    y[k] = select(0.0, parameters[first + position(min(row, D - 1u), j, block)], row < D);
  }
  return y;
}

fn write_column(first: u32, block: u32, j: u32, within: u32, y: vec4f) {
  for (var k = 0u; k < 4u; k++) { // unroll
    if (4u * within + k < D) {
      parameters[first + position(4u * within + k, j, block)] = y[k];
    }
  }
}

// Sums over the prompts side by side.
fn over_prompts(x: vec4f, within: u32) -> vec4f {
  var sum = vec4f();
  for (var prompt = 0u; prompt < PROMPTS; prompt++) { // unroll
    let source = prompt * G + within;
    sum += vec4f(subgroupShuffle(x.x, source), subgroupShuffle(x.y, source), subgroupShuffle(x.z, source),
        subgroupShuffle(x.w, source));
  }
  return sum;
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(subgroup_invocation_id) lane: u32) {
  // The grid may overshoot: surplus groups repeat the last replica's work and store nothing.
  let index = group_index(group, groups);
  let live = index < dims.R;
  let r = min(index, dims.R - 1u);
  let n = context[r];
  let per_token = 1.0 / n;
  let rate = lr[r] / f32(dims.B);
  // Lanes beyond the last prompt repeat the first one, in vain.
  // Comparisons, not a division: a software driver shuffles fast only by numbers that it knows when it compiles.
  var prompt = 0u;
  for (var k = 1u; k < PROMPTS; k++) { // unroll
    prompt += select(0u, 1u, lane >= k * G);
  }
  let idle = lane >= PROMPTS * G;
  prompt = select(prompt, 0u, idle);
  let base = prompt * G;
  let within = select(lane - base, 0u, idle);
  let mine = 4u * vec4u(within) + vec4u(0u, 1u, 2u, 3u);
  let safe = r * D + min(mine, vec4u(D - 1u));
  let sd = select(vec4f(), vec4f(deviation[safe.x], deviation[safe.y], deviation[safe.z], deviation[safe.w]),
      mine < vec4u(D));
  let store = live && lane < G;
  let own = r * 8u * D * D;

  var p1 = Matrix();
  var p2 = Matrix();
  var q1 = Matrix();
  var q2 = Matrix();
  var dp1 = Matrix();
  var dp2 = Matrix();
  var dq1 = Matrix();
  var dq2 = Matrix();
  var loss = 0.0;

  let first = clock[0];
  let last = min(first + clock[2], clock[1]);
  for (var step = first; step <= last; step++) {
    // What is done once per column of the parameters. In a loop in which columns come to the front in turn, because D²
    // loads, shuffles and stores would be long to compile: first they are read, between steps they take their gradient,
    // after the last step they are written; and the columns of p1 and p2 become rows of their transposes.
    var p1t = Matrix();
    var p2t = Matrix();
    for (var column = 0u; column < D; column++) {
      var front = array<vec4f, 4>(p1[0], p2[0], q1[0], q2[0]);
      front[0] -= rate * over_prompts(dp1[0], within);
      front[1] -= rate * over_prompts(dp2[0], within);
      front[2] -= rate * over_prompts(dq1[0], within);
      front[3] -= rate * over_prompts(dq2[0], within);
      // Loops of one iteration or none: a software driver executes both sides of a branch, but no loop in vain.
      for (var once = step; once == first; once++) {
        for (var block = 0u; block < 4u; block++) { // unroll
          front[block] = read_column(own, block, column, within);
        }
      }
      for (var once = step; once == last; once++) {
        if (store) {
          for (var block = 0u; block < 4u; block++) { // unroll
            write_column(own, block, column, within, front[block]);
          }
        }
      }
      let here = mine == vec4u(column);
      for (var i = 0u; i < D; i++) { // unroll
        p1t[i] = select(p1t[i], vec4f(subgroupShuffle(front[0][i % 4u], base + i / 4u)), here);
        p2t[i] = select(p2t[i], vec4f(subgroupShuffle(front[1][i % 4u], base + i / 4u)), here);
      }
      for (var j = 0u; j < D - 1u; j++) { // unroll
        p1[j] = p1[j + 1u];
        p2[j] = p2[j + 1u];
        q1[j] = q1[j + 1u];
        q2[j] = q2[j + 1u];
        dp1[j] = dp1[j + 1u];
        dp2[j] = dp2[j + 1u];
        dq1[j] = dq1[j + 1u];
        dq2[j] = dq2[j + 1u];
      }
      p1[D - 1u] = front[0];
      p2[D - 1u] = front[1];
      q1[D - 1u] = front[2];
      q2[D - 1u] = front[3];
      dp1[D - 1u] = vec4f();
      dp2[D - 1u] = vec4f();
      dq1[D - 1u] = vec4f();
      dq2[D - 1u] = vec4f();
    }
    if (step == last) {
      break;
    }

    for (var start = 0u; start < dims.B; start += PROMPTS) {
      let item = min(start + prompt, dims.B - 1u);
      var place = Place(base, within, seeds[r], step, item, 0u);
      let x = sd * normals_from(random_bits(place.seed, dims.query, step, item, within));
      var w = vec4f();
      if (POOLED == 1u) {
        let choice = random_bits(place.seed, dims.pool, step, item, 0u).x % dims.P;
        place.task = (r * dims.P + choice) * TASK;
        if (DENSE == 0u) {
          let at = place.task + min(mine, vec4u(D - 1u));
          w = vec4f(pools[at.x], pools[at.y], pools[at.z], pools[at.w]);
        }
      } else if (DENSE == 0u) {
        w = normals_from(random_bits(place.seed, dims.task, step, item, within));
      }

      let u1 = product(&q1, x, place);
      let u2 = product(&q2, x, place);
      let v = sd * (u1 + apply_task_transposed(w, u2, place));
      let self_overlap = total(dot(x, u1), place) * per_token;

      var moment = array<vec4f, SUMMED>();
      var a = vec4f();
      var c1 = vec4f();
      var chi = vec2f();
      var s = vec4f();
      if (TOKENS == 1u) {
        for (var token = 0u; token < u32(n); token++) {
          let z = normals_from(random_bits(place.seed, dims.tokens, step, item, token * G + within));
          for (var j = 0u; j < SUMMED; j++) { // unroll
            moment[j] += z * entry(z, j, place);
          }
        }
        for (var j = 0u; j < SUMMED; j++) { // unroll
          s += moment[j] * entry(v, j, place);
        }
      } else {
        chi = sqrt(chi_square_pair(place.seed, dims.chi, step, item, 0u, vec2f(n, n - 1.0)));
        // Scaled, so that no square is lost below the smallest number; without a direction, any will do.
        let most = largest(v, place);
        let scaled = select(vec4f(f32(within == 0u), 0.0, 0.0, 0.0), v / most, most != 0.0);
        let length = sqrt(total(dot(scaled, scaled), place));
        a = scaled / length;
        let xi = normals_from(random_bits(place.seed, dims.wishart, step, item, within));
        c1 = xi + a * (chi.x - total(dot(a, xi), place));
        s = c1 * (chi.x * (most * length));
      }
      s *= sd * per_token;

      let h = apply_task(w, s, x, place);
      let h1 = s + x * self_overlap;
      let h2 = h[0];
      var delta = product(&p1, h1, place) + product(&p2, h2, place) - h[1];
      delta = select(vec4f(), delta, vec4<bool>(start + prompt < dims.B));
      loss += 0.5 * dot(delta, delta);

      add_outer(&dp1, delta, h1, place);
      add_outer(&dp2, delta, h2, place);
      let g1 = product(&p1t, delta, place);
      let g2 = product(&p2t, delta, place);
      let back = sd * (g1 + apply_task_transposed(w, g2, place));
      let self_back = total(dot(x, g1), place) * per_token;
      var t = vec4f();
      if (TOKENS == 1u) {
        for (var j = 0u; j < SUMMED; j++) { // unroll
          t += moment[j] * entry(back, j, place);
        }
      } else {
        let across = back - a * total(dot(a, back), place);
        let most = largest(across, place);
        let scaled = select(vec4f(), across / most, most != 0.0);
        let length = sqrt(total(dot(scaled, scaled), place));
        let b = select(vec4f(), scaled / length, most != 0.0);
        let xi = normals_from(random_bits(place.seed, dims.wishart, step, item, G + within));
        let along = total(dot(a, xi), place);
        let c2 = xi - a * along + b * (chi.y - total(dot(b, xi), place));
        t = c1 * total(dot(c1, back), place) + select(vec4f(), c2 * (chi.y * (most * length)), vec4<bool>(n > 1.0));
      }
      t *= sd * per_token;
      let t1 = t + x * self_back;
      let t2 = apply_task(w, t, vec4f(), place)[0];
      add_outer(&dq1, t1, x, place);
      add_outer(&dq2, t2, x, place);
    }

    var sum = 0.0;
    for (var l = 0u; l < PROMPTS * G; l++) { // unroll
      sum += subgroupShuffle(loss, l);
    }
    if (live && lane == 0u) {
      losses[(step % dims.K) * dims.R + r] = sum / f32(dims.B);
    }
    loss = 0.0;
  }
}
