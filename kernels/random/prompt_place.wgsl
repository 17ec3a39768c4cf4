// task[r,b] = (seed, step, b, 0) where M_r = 0,  else (list seed, 0, m, 1)  with m uniform below M_r
// sequence[r,b] = (seed, step, b, 0) where S_r = 0,  else (list seed, 0, m S_r + s, 1)  with s uniform below S_r
//
// One invocation per prompt. m and s are draws (seed_r, key, step, b, 0 and 1); m counts as 0 in the sequence of a new task.
struct Dims { R: u32, B: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;              // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;              // (3)
@group(0) @binding(3) var<storage, read> list_seeds: array<u32>;         // (R)
@group(0) @binding(4) var<storage, read> tasks: array<u32>;              // (R)
@group(0) @binding(5) var<storage, read> sequences: array<u32>;          // (R)
@group(0) @binding(6) var<storage, read_write> task: array<vec4u>;       // (R, B, 4)
@group(0) @binding(7) var<storage, read_write> sequence: array<vec4u>;   // (R, B, 4)
@group(0) @binding(8) var<storage, read_write> choice: array<u32>;       // (R, B)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 64u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let r = prompt / dims.B;
  let b = prompt % dims.B;
  let fresh = vec4u(seeds[r], clock[0], b, 0u);
  let m = uniform_below(random_bits(seeds[r], dims.key, clock[0], b, 0u), max(tasks[r], 1u));
  let s = uniform_below(random_bits(seeds[r], dims.key, clock[0], b, 1u), max(sequences[r], 1u));
  let listed = tasks[r] > 0u;
  choice[prompt] = select(b, m, listed);
  task[prompt] = select(fresh, vec4u(list_seeds[r], 0u, m, 1u), listed);
  sequence[prompt] = select(fresh, vec4u(list_seeds[r], 0u, m * sequences[r] + s, 1u), sequences[r] > 0u);
}
