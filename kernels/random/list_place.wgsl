// place[r,m] = (list seed, 0, m, 1): where member m of list r stands
//
// One invocation per member.
struct Dims { R: u32, M: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> list_seeds: array<u32>;         // (R)
@group(0) @binding(2) var<storage, read_write> place: array<vec4u>;      // (R, M, 4)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let member = group_index(group, groups) * 64u + lane;
  if (member < dims.R * dims.M) {
    place[member] = vec4u(list_seeds[member / dims.M], 0u, member % dims.M, 1u);
  }
}
