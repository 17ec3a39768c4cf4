// y[n] = f(a[n], b[n])      f as pairwise.ts writes it
//
// One invocation per element. STRIDED: a and b are read with strides along up to four axes, 0 along those that repeat.
// Elements of a and b are of type A and B: four numbers, or one that stands for all four. Sizes and strides count elements.
const STRIDED: u32 = 0u;
struct Dims {
  N: u32, n1: u32, n2: u32, n3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<A>;              // (X)
@group(0) @binding(2) var<storage, read> b: array<B>;              // (Z)
@group(0) @binding(3) var<storage, read_write> y: array<Element>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i >= dims.N / WIDTH) {
    return;
  }
  var left = i;
  var right = i;
  if (STRIDED == 1u) {
    let rest2 = i / dims.n3;
    let k3 = i - rest2 * dims.n3;
    let rest1 = rest2 / dims.n2;
    let k2 = rest2 - rest1 * dims.n2;
    let k0 = rest1 / dims.n1;
    let k1 = rest1 - k0 * dims.n1;
    left = k0 * dims.a0 + k1 * dims.a1 + k2 * dims.a2 + k3 * dims.a3;
    right = k0 * dims.b0 + k1 * dims.b1 + k2 * dims.b2 + k3 * dims.b3;
  }
  y[i] = f(Element(a[left]), Element(b[right]));
}
