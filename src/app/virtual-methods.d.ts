/** Made by scripts/method-data.js of src/optimizers/index.ts: every method without its code, in the order to show them. */
declare module 'virtual:methods' {
  const methods: readonly import('../core/optimizer.ts').Method[];
  export default methods;
}

/** The same with no options and no templates. */
declare module 'virtual:method-heads' {
  const methods: readonly import('../core/optimizer.ts').Method[];
  export default methods;
}
