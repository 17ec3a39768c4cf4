// Prompts of a task (a, b), chosen among P_r tasks of replica r: x_t = μ_j + κ ν_k for t < N = T − 1 examples and the query t = N.
//
//   examples: j = a or b with probability α_r / 2 each, else uniform among the other M − 2 patterns;  query: j = a or b
//   label y: +1 if j = a, −1 if j = b, else a fair coin;   k uniform among K;   κ uniform in (−s_r, s_r)
//
// One invocation per token t of prompt b, with item b T + t: block 0 of the draw has the choice of relevance, the coin and κ; block 1
// the other pattern; block 2 the irrelevant pattern. The task is number 0 of the draw of prompt b under its own key.
struct Dims { R: u32, B: u32, T: u32, P: u32, M: u32, K: u32, key: u32, task_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;               // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;               // (3)
@group(0) @binding(3) var<storage, read> tasks: array<u32>;               // (R, P, 2)
@group(0) @binding(4) var<storage, read> counts: array<u32>;              // (R), tasks P_r of a replica
@group(0) @binding(5) var<storage, read> laws: array<f32>;                // (R, 2), α and s
@group(0) @binding(6) var<storage, read_write> index: array<u32>;         // (R, B, T, 3), (j, M + k, M + K)
@group(0) @binding(7) var<storage, read_write> value: array<f32>;         // (R, B, T, 3), (1, κ, label), 0 as the query's label
@group(0) @binding(8) var<storage, read_write> labels: array<f32>;        // (R, B), labels of queries

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let token = group_index(group, groups) * 64u + lane;
  if (token >= dims.R * dims.B * dims.T) {
    return;
  }
  let t = token % dims.T;
  let prompt = token / dims.T;
  let r = prompt / dims.B;
  let b = prompt % dims.B;
  let seed = seeds[r];
  let step = clock[0];
  let task = uniform_below(random_bits(seed, dims.task_key, step, b, 0u), counts[r]);
  let pair = vec2u(tasks[2u * (r * dims.P + task)], tasks[2u * (r * dims.P + task) + 1u]);

  let item = b * dims.T + t;
  let bits = random_bits(seed, dims.key, step, item, 0u);
  let shown = t + 1u == dims.T || uniform_from(bits.x) <= laws[2u * r];
  let heads = (bits.y >> 31u) == 1u;
  // The other patterns in order, without a and b.
  let others = max(dims.M, 3u) - 2u;
  var other = uniform_below(random_bits(seed, dims.key, step, item, 1u), others);
  other += select(0u, 1u, other >= min(pair.x, pair.y));
  other += select(0u, 1u, other >= max(pair.x, pair.y));
  let label = select(-1.0, 1.0, heads);
  let first = 3u * token;
  index[first] = select(other, select(pair.y, pair.x, heads), shown);
  index[first + 1u] = dims.M + uniform_below(random_bits(seed, dims.key, step, item, 2u), dims.K);
  index[first + 2u] = dims.M + dims.K;
  value[first] = 1.0;
  value[first + 1u] = laws[2u * r + 1u] * (2.0 * uniform_from(bits.z) - 1.0);
  if (t + 1u < dims.T) {
    value[first + 2u] = label;
  } else {
    value[first + 2u] = 0.0;
    labels[prompt] = label;
  }
}
