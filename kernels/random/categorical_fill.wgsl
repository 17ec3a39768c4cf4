// y[r,i] = the first category k with u ≤ c[r,k], the last one if there is none   draw (seed_r, key, step, item i), u its number 0
//
// One invocation per item.
struct Dims { R: u32, I: u32, K: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;       // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;       // (3)
@group(0) @binding(3) var<storage, read> c: array<f32>;           // (R, K), cumulative probabilities
@group(0) @binding(4) var<storage, read_write> y: array<u32>;     // (R, I)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let item = group_index(group, groups) * 64u + lane;
  if (item >= dims.R * dims.I) {
    return;
  }
  let r = item / dims.I;
  let u = uniform_from(random_bits(seeds[r], dims.key, clock[0], item % dims.I, 0u).x);
  var low = 0u;
  var high = dims.K - 1u;
  while (low < high) {
    let middle = (low + high) / 2u;
    let reached = u <= c[r * dims.K + middle];
    high = select(high, middle, reached);
    low = select(middle + 1u, low, reached);
  }
  y[item] = low;
}
