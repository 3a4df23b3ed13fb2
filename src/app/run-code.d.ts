/** Made by scripts/run-code.js: another text whenever a run may tell other events; empty where the code may change while it runs. */
declare const __RUN_CODE__: string;
