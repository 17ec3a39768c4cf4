// y[r,i,c] = draw (seed_r, key, step, item i, index c) from U(0,1) or N(0,1)
//
// One invocation per block of four numbers.
const NORMAL: u32 = 1u;
struct Dims { R: u32, I: u32, C: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;     // (3)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (R, I, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let blocks = (dims.C + 3u) / 4u;
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.I * blocks) {
    return;
  }
  let index = n % blocks;
  let item = (n / blocks) % dims.I;
  let r = n / (blocks * dims.I);
  let bits = random_bits(seeds[r], dims.key, clock[0], item, index);
  var values: vec4f;
  if (NORMAL == 1u) {
    values = normals_from(bits);
  } else {
    values = vec4f(uniform_from(bits.x), uniform_from(bits.y), uniform_from(bits.z), uniform_from(bits.w));
    // Rounding must not reach 1: callers take log(1 − u).
    values = min(values, vec4f(0.99999994));
  }
  for (var k = 0u; k < min(4u, dims.C - 4u * index); k++) {
    y[(r * dims.I + item) * dims.C + 4u * index + k] = values[k];
  }
}
