import fc from 'fast-check';

/**
 * Properties are tried with other cases in every run on a person's machine, where a failure tells its seed. CI judges a
 * change, so it tries the same cases each time: a rare case found there would say nothing about the change.
 */
if (process.env['CI']) fc.configureGlobal({ seed: 1 });
