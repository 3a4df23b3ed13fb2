/** How much memory a differentiable model needs: its weights as plain numbers, and room to work in. */

/** Intermediate results, and what WASM cannot give back, besides the weights. */
export const WORKING_BYTES = 640 * 2 ** 20;

/** WASM addresses no more. */
export const ADDRESSABLE_BYTES = 2 ** 32;

/** 16-bit weights are for GPUs that compute with them; WASM has 32 bits alone. */
export const weightBytes = (parameters: number, half: boolean) => parameters * (half ? 2 : 4);

/** The largest number of parameters that fit into `memory` bytes; 0 where not even the work does. */
export const mostParameters = (memory: number, half: boolean) =>
  Math.max(0, Math.floor((memory - WORKING_BYTES) / (half ? 2 : 4)));
