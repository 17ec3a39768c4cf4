// y[o yStep + yStart + l] = x[o xStep + xStart + l]      o < O, l < L
//
// One invocation per element that is copied: cutting blocks out of rows, or putting them there. Sizes and steps are
// multiples of WIDTH.
struct Dims { O: u32, L: u32, xStep: u32, xStart: u32, yStep: u32, yStart: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (X)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (Y)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  let length = dims.L / WIDTH;
  if (i >= dims.O * length) {
    return;
  }
  let o = i / length;
  let l = i - o * length;
  y[(o * dims.yStep + dims.yStart) / WIDTH + l] = x[(o * dims.xStep + dims.xStart) / WIDTH + l];
}
