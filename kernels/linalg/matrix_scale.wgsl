// scale[b] = 2^-e,  e = ⌊log₂ max_i |a[b,i]|⌋      0 for a zero matrix, and even if EVEN
//
// One workgroup per matrix. A power of two takes the largest entry to [1, 2) (EVEN: [1, 4)) without rounding.
const EVEN: u32 = 0u;
struct Dims { B: u32, N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;             // (B, N)
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;   // (B)

var<workgroup> largest: array<u32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let b = group_index(group, groups);
  // Magnitudes are in the order of their bits.
  var most = 0u;
  if (b < dims.B) {
    for (var i = lane; i < dims.N; i += 1024u) {
      for (var part = 0u; part < 1024u; part += 64u) { // unroll
        if (i + part < dims.N) {
          most = max(most, bitcast<u32>(a[b * dims.N + i + part]) & 0x7fffffffu);
        }
      }
    }
  }
  largest[lane] = most;
  for (var width = 32u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      largest[lane] = max(largest[lane], largest[lane + width]);
    }
  }
  if (lane == 0u && b < dims.B) {
    var exponent = largest[0] >> 23u;
    if (exponent == 0u) {
      exponent = select(1u, 127u, largest[0] == 0u);
    }
    // Neither this power of two nor its reciprocal leaves the normal numbers.
    exponent = clamp(exponent, 2u, 252u);
    if (EVEN == 1u) {
      exponent -= (exponent + 1u) % 2u;
    }
    scale[b] = bitcast<f32>((254u - exponent) << 23u);
  }
}
