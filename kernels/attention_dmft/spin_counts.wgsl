// y[r,s,g] = number of spins +1 among those of third s that group g draws, with chance (1 + tanh β Σ_b W^o_bs A[r,b])/2 each
//
// One workgroup per (r, s, g): each draws up to 4096 spins, a word of random bits for a spin. Counts are whole numbers, so that
// their sum depends on no order. Spin i of third s is up if word i of item s lies below chance · 2³²: exact to 2⁻²⁴.
const LANES: u32 = 64u;
const BLOCKS: u32 = 16u;
struct Dims { R: u32, G: u32, n: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;       // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;       // (3)
@group(0) @binding(3) var<storage, read> weights: array<f32>;     // (R, 60)
@group(0) @binding(4) var<storage, read> couplings: array<f32>;   // (R, 2)
@group(0) @binding(5) var<storage, read> output: array<f32>;      // (R, 3)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;     // (R, 3, G)

var<workgroup> counts: array<u32, LANES>;

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  if (index >= dims.R * 3u * dims.G) { return; }
  let g = index % dims.G;
  let s = (index / dims.G) % 3u;
  let r = index / (3u * dims.G);
  var field = 0.0;
  for (var b = 0u; b < 3u; b++) { field += weights[60u * r + 5u * b + s] * output[3u * r + b]; }
  let chance = 0.5 + 0.5 * tanh_accurate(couplings[2u * r] * field);
  let threshold = select(u32(min(chance, 0.99999994) * 4294967296.0), 0xffffffffu, chance >= 1.0);
  var count = 0u;
  for (var b = 0u; b < BLOCKS; b++) {
    let block = (g * BLOCKS + b) * LANES + lane;
    if (4u * block >= dims.n) { break; }
    let bits = random_bits(seeds[r], dims.key, clock[0], s, block);
    let there = vec4u(4u * block) + vec4u(0u, 1u, 2u, 3u) < vec4u(dims.n);
    let up = select(vec4u(0u), vec4u(1u), (bits < vec4u(threshold)) & there);
    count += up.x + up.y + up.z + up.w;
  }
  counts[lane] = count;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { counts[lane] += counts[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[index] = f32(counts[0]); }
}
